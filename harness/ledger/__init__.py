"""The record of a simulation: the journal."""
