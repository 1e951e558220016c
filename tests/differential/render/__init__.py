"""Cases as Dag files."""
