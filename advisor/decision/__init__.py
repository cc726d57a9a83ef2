"""Comparison to verdict: gates and the fold over closed months."""
