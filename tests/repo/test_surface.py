"""What is public changes only on purpose: the names and signatures stand in ``surface.txt``."""

from __future__ import annotations

import difflib
from types import ModuleType
from typing import Any

import harness
from tests.repo.surface import FILE, described, surface

RENEW = "a change on purpose: python -m tests.repo.surface --write, and a line in CHANGELOG.md"


def test_the_public_surface_is_as_it_is_written() -> None:
    written, now = FILE.read_text(encoding="utf-8"), surface()
    changes = difflib.unified_diff(written.splitlines(), now.splitlines(), "surface.txt", "now", lineterm="", n=0)
    assert written == now, "\n".join([*changes, RENEW])


def test_the_package_has_its_public_names_and_nothing_else() -> None:
    assert dir(harness) == harness.__all__
    assert list(harness._PLACES) == harness.__all__ == sorted(harness.__all__)
    for name in harness.__all__:
        assert getattr(harness, name).__module__.startswith("harness."), name
    others = {name for name, value in vars(harness).items() if name[0] != "_" and not isinstance(value, ModuleType)}
    assert others - set(harness.__all__) == {"annotations", "TYPE_CHECKING"}


def test_a_signature_that_changes_is_seen() -> None:
    class Before:
        def __init__(self, one: int) -> None: ...
        def ask(self, name: str, *, hard: bool = False) -> list[str]: ...  # type: ignore[empty-body]
        @property
        def ok(self) -> bool: ...  # type: ignore[empty-body]

    class After(Before):
        def ask(self, name: str | None, *, hard: bool = True) -> list[str]: ...  # type: ignore[empty-body]

    for one in (Before, After):
        one.__module__ = "harness.stub"
    assert _told(Before) == [
        "class Stub(one: int)",
        "    def ask(self, name: str, *, hard: bool = False) -> list[str]",
        "    ok: bool",
    ]
    assert _told(After)[1] == "    def ask(self, name: str | None, *, hard: bool = True) -> list[str]"


def _told(one: Any) -> list[str]:
    return list(described("Stub", one))
