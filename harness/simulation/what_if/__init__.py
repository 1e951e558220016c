"""Questions before a change: what a calendar asks of pools, executors and workers, in one world and in many."""
