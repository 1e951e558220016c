"""Cluster policies of a project's ``airflow_local_settings.py``, applied for a block.

Airflow imports that module when it is imported itself (``settings.import_local_settings``). Where it was imported
before, with its owner's, they are put aside.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

_NAME = "airflow_local_settings"
_ABSENT: Any = object()


class Policies:
    """Those of one project; its module is run once, however often they are applied."""

    def __init__(self) -> None:
        self._changed: dict[str, Any] | None = None
        self._module: ModuleType | None = None

    @contextmanager
    def applied(self, folders: Iterable[Path]) -> Iterator[None]:
        """Policies of the first of these folders that has some; those of the owner's Airflow where none has.

        Raises: whatever the module raises.
        """
        from airflow import settings

        found = next((one / f"{_NAME}.py" for one in folders if (one / f"{_NAME}.py").is_file()), None)
        present = getattr(sys.modules.get(_NAME), "__file__", None)
        if (str(found) if found else None) == present:
            yield
            return
        former, module = dict(vars(settings)), sys.modules.pop(_NAME, None)
        try:
            self._apply(settings, found)
            applied = dict(vars(settings))
            yield
        finally:
            now = vars(settings)
            self._changed = {n: v for n, v in applied.items() if former.get(n, _ABSENT) is not v}
            for name in self._changed:
                if name not in former:
                    now.pop(name, None)
                elif now.get(name) is self._changed[name]:
                    now[name] = former[name]
            self._module = sys.modules.pop(_NAME, None)
            if module is not None:
                sys.modules[_NAME] = module

    def _apply(self, settings: Any, found: Path | None) -> None:
        if self._changed is not None:
            vars(settings).update(self._changed)
            if self._module is not None:
                sys.modules[_NAME] = self._module
            return
        _fresh(settings)
        if found is None:
            return
        path = sys.path[:]
        sys.path.insert(0, str(found.parent))
        try:
            settings.import_local_settings()
        finally:
            sys.path[:] = path


def _fresh(settings: Any) -> None:
    """A policy manager that holds Airflow's own policies and those of installed packages. Source: ``initialize``."""
    make = getattr(settings, "get_policy_plugin_manager", None)
    if make is None:  # before 3.2
        settings.configure_policy_plugin_manager()
        settings.load_policy_plugins(settings.POLICY_PLUGIN_MANAGER)
        return
    manager = make.__wrapped__()
    settings.load_policy_plugins(manager)
    settings.get_policy_plugin_manager = lambda: manager
