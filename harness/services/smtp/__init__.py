"""A mail server that delivers nothing: what tasks send is kept, for tests to look at."""
