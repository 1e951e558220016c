"""What runs when: the schedules of a folder, asked and not run."""
