"""The record of simulations: the journal, and the questions that it answers."""
