"""The engine of the checks: which files, in which processes, with what settings; what it came to."""
