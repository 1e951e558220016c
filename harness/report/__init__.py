"""How people and programs read what a run, a calendar or a check came to."""
