"""Jobs that are larger than one machine."""
