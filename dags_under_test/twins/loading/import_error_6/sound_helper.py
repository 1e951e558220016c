"""Imported by a Dag file."""

SIZES = {"small": 1}["small"]
