"""What a task does, finds, gives and is given."""
