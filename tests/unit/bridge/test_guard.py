"""What looks at a Dag file is kept as it was, whatever its tables hold."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple

import pytest

from harness.bridge.parsing.leftovers.guard import Guard


@dataclass
class Entry:
    word: str


@dataclass(slots=True)
class Slotted:
    word: str


class Pair(NamedTuple):
    word: str


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of ours with a table of each kind of entry."""
    module = ModuleType("harness._planted")
    for kind in (Entry, Slotted, Pair):
        monkeypatch.setattr(kind, "__module__", module.__name__)
    vars(module)["TABLE"] = {"entry": Entry("kept"), "slotted": Slotted("kept"), "pair": Pair("kept")}
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_an_entry_that_was_changed_is_put_right(planted: ModuleType) -> None:
    guard = Guard()
    planted.TABLE["entry"].word = "spoilt"
    assert guard.put_right() == ["harness._planted.TABLE['entry']"]
    assert planted.TABLE["entry"].word == "kept"


@pytest.mark.parametrize("name", ["entry", "slotted", "pair"])
def test_an_entry_that_was_taken_is_put_back(planted: ModuleType, name: str) -> None:
    guard, kept = Guard(), planted.TABLE[name]
    del planted.TABLE[name]
    assert guard.put_right() == ["harness._planted.TABLE"]
    assert planted.TABLE[name] is kept
