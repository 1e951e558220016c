"""What a worker would do with a Dag's texts and functions, tried with values that stand in for a run's."""
