"""Checks of when a Dag runs."""
