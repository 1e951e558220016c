"""Planted faults: whether the tests notice when a line of the engine is wrong. ``python -m tests.mutation --help``."""
