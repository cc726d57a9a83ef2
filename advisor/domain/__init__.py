"""Values only: what the line hands from stage to stage. No I/O, no clock, no settings files."""
