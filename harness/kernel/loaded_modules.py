"""Modules that may have imported a patched name: ``from time import sleep``, ``from os import _exit``.

Whoever patches a function has to find those too, in each simulation. To ask all of the 1,700 modules that Airflow
loads, three times a simulation, was about 2 ms of the 17 ms of a run of ten tasks in a sampled profile; so what was
found is kept until modules are added.
"""

from __future__ import annotations

import sys
from types import ModuleType

from harness.kernel.whose import is_users

_TIME = ("sleep", "monotonic")


class LoadedModules:
    """Names of modules worth a look. Names, for a module that is loaded anew takes the place of the former one.

    Attributes:
        aside: users' modules that wait beside ``sys.modules`` for code of theirs to run, by archive and name; see
            `harness.bridge.environment.archives`.
    """

    def __init__(self) -> None:
        self.aside: dict[str, dict[str, ModuleType]] = {}
        self._seen: tuple[int, str] = (0, "")
        self._known: dict[str, int] = {}
        self._users: dict[str, None] = {}
        self._of_time: dict[str, None] = {}

    def users(self) -> list[tuple[str, ModuleType]]:
        """The user's own modules."""
        self._read()
        return _there(self._users) + self._of_archives()

    def of_time(self) -> list[tuple[str, ModuleType]]:
        """The user's own modules, and others that hold a ``sleep`` or ``monotonic``."""
        self._read()
        return _there(self._of_time) + self._of_archives()

    def set_aside(self, archive: str, modules: dict[str, ModuleType]) -> None:
        """Know users' modules that are not in ``sys.modules``, in place of what was known of their archive."""
        self.aside[archive] = modules

    def _of_archives(self) -> list[tuple[str, ModuleType]]:
        return [one for modules in self.aside.values() for one in modules.items()]

    def _read(self) -> None:
        modules = sys.modules
        now = (len(modules), next(reversed(modules)))
        if now == self._seen:
            return
        self._seen = now
        for name, module in list(modules.items()):
            if self._known.get(name) == id(module):
                continue
            self._known[name] = id(module)
            space = getattr(module, "__dict__", {})
            for kept, belongs in ((self._users, is_users(name)), (self._of_time, not space.keys().isdisjoint(_TIME))):
                if belongs:
                    kept[name] = None
            if name in self._users:
                self._of_time[name] = None


def _there(names: dict[str, None]) -> list[tuple[str, ModuleType]]:
    # Modules alone: what else stands in their place has no names that code looks up (the library of cffi's "_openssl"
    # makes its __dict__ of 565 entries anew each time that it is asked).
    found = [(name, sys.modules.get(name)) for name in names]
    return [(name, module) for name, module in found if isinstance(module, ModuleType)]


loaded = LoadedModules()
"""Of this process: which modules are loaded is a fact of the process too."""
