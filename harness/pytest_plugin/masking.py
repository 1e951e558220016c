"""Secrets of the worlds that a test lived in, out of all that pytest shows and writes of it."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.world import World

WORLDS = pytest.StashKey["list[World]"]()
LONGER_LIVED = pytest.StashKey["list[World]"]()
_WARNINGS = "airflow_harness_warnings"


def lived_in(config: pytest.Config, world: World) -> None:
    """Keep the secrets of this world out of the present test's reports."""
    _mask_warnings(config)
    worlds = config.stash.setdefault(WORLDS, [])
    if not any(world is other for other in worlds):
        worlds.append(world)


@contextmanager
def lives(config: pytest.Config, world: World) -> Iterator[None]:
    """Keep the secrets of a world that lives longer than a test out of all reports of the block."""
    _mask_warnings(config)
    worlds = config.stash.setdefault(LONGER_LIVED, [])
    worlds.append(world)
    try:
        yield
    finally:
        worlds[:] = [other for other in worlds if other is not world]


def _mask_warnings(config: pytest.Config) -> None:
    if not config.pluginmanager.has_plugin(_WARNINGS):
        config.pluginmanager.register(_Warnings(config), _WARNINGS)


def forget(config: pytest.Config) -> None:
    """A new test begins."""
    config.stash.setdefault(WORLDS, []).clear()


def mask_report(config: pytest.Config, report: Any) -> None:
    """Mask what a report shows, in place."""
    without = _masking(config)
    if without is None:
        return
    report.sections = [(title, without(text)) for title, text in report.sections]
    report.user_properties = [(name, _masked(value, without)) for name, value in report.user_properties]
    report.longrepr = _masked(report.longrepr, without)


class _Warnings:
    """Masks what warnings say in pytest's summary; made with the first world of a session.

    A plugin of its own: the hook is not told of which session it is.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    # First: the terminal's hook, and xdist's, which hands a worker's warnings on, keep the text as it is then.
    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        without = _masking(self._config)
        if without is None:
            return
        text = str(warning_message.message)
        if (shown := without(text)) != text:
            warning_message.message = UserWarning(shown)  # its category stands beside it


def _masking(config: pytest.Config) -> Callable[[str], str] | None:
    """What takes secrets out of a text; None where the test lived in no world."""
    worlds = [*config.stash.get(WORLDS, []), *config.stash.get(LONGER_LIVED, [])]
    if not worlds:
        return None
    from harness.world.secrets import Mask, secrets_of

    mask = Mask({secret for world in worlds for secret in secrets_of(world, os.environ)})
    airflows = sys.modules.get("harness.bridge.masking")  # where tasks ran: it knows what they had masked

    def without(text: str) -> str:
        text = mask.text(text)
        return text if airflows is None else str(airflows.masked(text))

    return without


def _masked(shown: Any, without: Callable[[str], str]) -> Any:
    """A ``longrepr``, a property, or a part of one; pytest's own objects are changed in place."""
    if isinstance(shown, str):
        return without(shown)
    if isinstance(shown, dict):
        return {key: _masked(one, without) for key, one in shown.items()}
    if isinstance(shown, (list, tuple)):
        return type(shown)(_masked(one, without) for one in shown)
    if type(shown).__module__.startswith("_pytest._code"):
        for name, value in vars(shown).items():
            object.__setattr__(shown, name, _masked(value, without))
    return shown
