"""Tests of the repository itself: layers, purity, sizes, docstrings, words, the wheel, and every block of the docs."""
