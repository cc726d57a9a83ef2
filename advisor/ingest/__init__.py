"""Facts to usage: token semantics, the scan engine, totals, completeness, reconciliation."""
