"""Each command: a module says what it takes, another does it, imported when it is asked for."""
