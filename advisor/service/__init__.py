"""Runs the line unattended: what is due, who does it, and how it is doing."""
