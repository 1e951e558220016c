# expect: import-error:4
"""Imported by two files: one finding, here."""

SIZES = {"small": 1}["large"]
