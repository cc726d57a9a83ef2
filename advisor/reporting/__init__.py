"""Verdicts to words: what is said, and its shape in each format."""
