"""The ports: what a source, a channel and a store promise, and a test kit for each that every implementation inherits."""
