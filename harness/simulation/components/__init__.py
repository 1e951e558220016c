"""What works side by side in a simulation: the scheduler's loop, workers, executors, deadlines, people."""
