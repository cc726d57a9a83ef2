"""Test kits: what every source, channel and store promises, as tests that implementations inherit."""
