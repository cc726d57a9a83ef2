"""Sources of usage and cost, one module each (its parts carry its name); found by entry point, never imported."""
