"""The architecture's page draws the rooms as they are: each has its line, in the order of the contract."""

from __future__ import annotations

import re
from configparser import ConfigParser

from tests.repo.sources import HARNESS, ROOT

PAGE = ROOT / "docs" / "dev" / "architecture.md"


def test_every_room_is_drawn() -> None:
    rooms = {one.name for one in HARNESS.iterdir() if one.is_dir() and (one / "__init__.py").is_file()}
    modules = {one.stem for one in HARNESS.glob("*.py") if one.stem != "__init__"}
    assert {room for block in drawn() for room in block} == rooms | modules


def test_rooms_are_drawn_in_the_order_of_the_contract() -> None:
    assert drawn() == contract()


def drawn() -> list[set[str]]:
    """The rooms of the page's picture, from top to bottom, a set for each block."""
    picture = PAGE.read_text(encoding="utf-8").partition("```text\nharness/\n")[2].partition("```")[0]
    blocks = [set(re.findall(r"^  (\w+)(?:/|\.py) ", block, re.MULTILINE)) for block in picture.split("\n\n")]
    return [block for block in blocks if block]


def contract() -> list[set[str]]:
    """The same as `.importlinter` has it."""
    settings = ConfigParser()
    settings.read(ROOT / ".importlinter", encoding="utf-8")
    layers = settings["importlinter:contract:layers"]["layers"].strip().splitlines()
    return [set(re.findall(r"\w+", layer)) for layer in layers]
