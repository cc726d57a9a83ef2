"""Jinja2 templates of everything people read."""
