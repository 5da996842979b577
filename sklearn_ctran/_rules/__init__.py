"""Label rules: groups, exclusive groups and implications."""
