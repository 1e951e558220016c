"""A part of the tests, for a machine that has no time for all of them: ``pytest --part 1/2``.

Which part a test is in, its own name says: the parts are the same on every machine and for each worker of xdist, and a
new test moves no other one. In CI the commit chooses which part it takes (``.ci/run``); the nightly workflow runs all
of them.
"""

from __future__ import annotations

import zlib

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--part NUMBER/OF``."""
    parser.addoption("--part", metavar="N/OF", type=part, default=(1, 1), help="run one part of the tests, e.g. 2/3")


def part(text: str) -> tuple[int, int]:
    """The number of the part, from one, and how many there are.

    Raises:
        pytest.UsageError: the text is not two numbers, or there is no such part.
    """
    number, _, parts = text.partition("/")
    if not (number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts)):
        raise pytest.UsageError(f"--part {text}: a number and how many parts there are is known here, as in --part 1/2")
    return int(number), int(parts)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is in another part."""
    number, parts = config.getoption("--part")
    others = [item for item in items if zlib.crc32(item.nodeid.encode()) % parts != number - 1]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]
