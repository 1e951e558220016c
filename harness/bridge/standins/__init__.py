"""What stands in the place of tasks, and of what cannot run on a laptop."""
