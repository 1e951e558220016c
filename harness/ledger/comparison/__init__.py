"""The comparison of two ledgers: what became of the same runs in the one and in the other."""
