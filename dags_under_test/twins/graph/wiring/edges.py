"""Ties tasks for files beside it."""

from itertools import pairwise


def in_order(tasks):
    for before, after in pairwise(tasks):
        before >> after
