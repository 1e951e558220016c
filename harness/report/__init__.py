"""What a run came to, and how people and programs read it."""
