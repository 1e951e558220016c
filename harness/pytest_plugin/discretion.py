"""Reports of tests without the secrets of the worlds that their runs lived in: longrepr, sections, JUnit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.world import World
    from harness.world.secrets import Mask

WORLDS = pytest.StashKey["list[World]"]()


def lived_in(config: pytest.Config, world: World) -> None:
    """Keep the secrets of this world out of the present test's reports."""
    worlds = config.stash.setdefault(WORLDS, [])
    if not any(world is other for other in worlds):
        worlds.append(world)


def forget(config: pytest.Config) -> None:
    """A new test begins."""
    config.stash.setdefault(WORLDS, []).clear()


def mask_report(config: pytest.Config, report: Any) -> None:
    """Mask what a report shows, in place."""
    worlds = config.stash.get(WORLDS, [])
    if not worlds:
        return
    from harness.world.secrets import Mask, secrets_of

    mask = Mask({secret for world in worlds for secret in secrets_of(world, os.environ)})
    report.sections = [(title, mask.text(text)) for title, text in report.sections]
    report.user_properties = [(name, mask.value(value)) for name, value in report.user_properties]
    report.longrepr = _masked(report.longrepr, mask)


def _masked(shown: Any, mask: Mask) -> Any:
    """A ``longrepr``, or a part of one; pytest's own objects are changed in place."""
    if isinstance(shown, str):
        return mask.text(shown)
    if isinstance(shown, (list, tuple)):
        return type(shown)(_masked(one, mask) for one in shown)
    if type(shown).__module__.startswith("_pytest._code"):
        for name, value in vars(shown).items():
            object.__setattr__(shown, name, _masked(value, mask))
    return shown
