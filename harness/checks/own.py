"""Users' own checks: the decorator, and how their modules are loaded in a process that may import Airflow."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from harness.checks.registry import CHECKS, OWN, Check, add
from harness.checks.registry import check as define
from harness.errors import UsageError
from harness.kernel.whose import is_librarys

GROUP = "airflow_harness.checks"
LEVELS = ("dag", "file")

Function = TypeVar("Function", bound=Callable[..., Any])


def check(check_id: str, *, severity: str = "error", level: str = "dag") -> Callable[[Function], Function]:
    """Make a function a check: ``harness.check``.

    The function is called with a `harness.checks.context.DagContext` for every Dag (``context.dag`` is Airflow's own
    object), or with a `FileContext` for every file, and yields a `harness.Problem` for each thing it finds. Its
    docstring is its page.

    Args:
        check_id: kebab-case, and none of the catalogue's.
        severity: ``error``, ``warning`` or ``off``; settings may say otherwise.
        level: ``dag`` or ``file``.
    Raises: UsageError: an id that is no id or is taken, an unknown severity or level.
    """
    if level not in LEVELS:
        raise UsageError(f"check {check_id!r}: level {level!r}", known=", ".join(LEVELS))

    def register(function: Function) -> Function:
        add(made(function))
        return function

    made = define(check_id, severity=severity, level=level)
    return register


def load(sources: Iterable[str], root: str) -> list[str]:
    """Import the modules that hold own checks.

    Args:
        sources: a path of a ``conftest.py``, or what an entry point names: ``package.module``, ``package.module:name``.
        root: the project; on ``sys.path`` meanwhile, as under pytest.
    Returns: files of the project that were imported, so that it is known when to load them anew.
    Raises: whatever they raise.
    """
    before = set(sys.modules)
    sys.path.insert(0, root)
    try:
        for source in sources:
            if source.endswith(".py"):
                _execute(source)
            else:
                from importlib.metadata import EntryPoint

                EntryPoint("", source, GROUP).load()
    finally:
        sys.path.remove(root)
    inside = f"{root}/"
    read = []
    for name in set(sys.modules) - before:  # a Dag file may mean another module by the same name
        file = getattr(sys.modules[name], "__file__", None)
        if isinstance(file, str) and file.startswith(inside) and not is_librarys(file):
            read.append(file)
            del sys.modules[name]
    return sorted(read)


def own_checks() -> list[Check]:
    """Those that are registered in this process."""
    return [check for check in CHECKS.values() if check.family == OWN]


def table(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """What another process has to know of checks, as JSON."""
    return [{name: getattr(check, name) for name in ("id", "severity", "level", "doc")} for check in checks]


def replace_by(rows: Iterable[dict[str, Any]]) -> None:
    """Have exactly these own checks registered here, to be named but not called."""
    for check in own_checks():
        del CHECKS[check.id]
    for row in rows:
        if row["id"] in CHECKS:
            raise UsageError(f"check id {row['id']!r} is taken", fix="choose another id")
        add(define(row["id"], severity=row["severity"], level=row["level"])(_named(row["doc"])))


def _named(page: str) -> Callable[[Any], tuple[()]]:
    def elsewhere(_: Any) -> tuple[()]:
        return ()

    elsewhere.__doc__ = page
    elsewhere.__module__ = OWN
    return elsewhere


def _execute(path: str) -> None:
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)


@dataclass(frozen=True)
class OwnChecks:
    """Where a project's own checks come from.

    Attributes:
        sources: see `harness.checks.own.load`.
        rows: see `harness.checks.own.table`.
        reads: file -> digest, of all that they were made from.
    """

    sources: tuple[str, ...] = ()
    root: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    reads: Mapping[str, str] = field(default_factory=dict)
