"""Which Dag runs there are: who makes them and when, when they start, and how they end."""
