"""What holds a task instance back or decides its state: upstream tasks, trigger rules, skips, the run before."""
