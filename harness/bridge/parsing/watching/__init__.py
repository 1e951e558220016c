"""What a Dag file does while it is parsed, noted: files, names, places, warnings, and how long it takes."""
