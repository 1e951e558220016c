"""Checks of a Dag's tasks and edges."""
