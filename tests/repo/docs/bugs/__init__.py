"""The bug book: the stories as files, what the harness says of each, and what others would have said."""
