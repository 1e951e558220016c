"""Checks of how a file loads."""
