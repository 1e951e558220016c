"""Generators of random numbers that libraries make while they are imported are found, and given other numbers."""

from __future__ import annotations

import random

import pytest

from harness.bridge.parsing.shared_libraries import note_chance, reseed


class Own(random.Random):
    """As a library's."""


class Further(Own):
    __slots__ = ("place",)


@pytest.mark.parametrize("kind", [random.Random, Own, Further])
def test_a_generator_of_a_library_goes_on_with_other_numbers(kind: type[random.Random]) -> None:
    generator, like_it = kind(7), random.Random(7)
    note_chance()
    reseed()
    assert generator.random() != like_it.random()
