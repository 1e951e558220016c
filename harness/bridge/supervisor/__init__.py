"""The supervisor's side of a task: every message answered from memory, what tasks write caught."""
