"""Virtual time, however task code meets it."""
