"""What a simulation keeps from the machine, from production and from its owner's process."""
