"""The ports: what a source, a channel and a store promise, with a test kit for each that implementations inherit."""
