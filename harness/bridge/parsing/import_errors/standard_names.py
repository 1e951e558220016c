"""Names that the installed package of Airflow's standard operators defines: many of Airflow 2's own moved there.

Read off its files: to import them all to know their names would take seconds.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_PACKAGE = "apache-airflow-providers-standard"
_ROOT = "airflow.providers.standard"
_NOT_PUBLIC = ("example_dags", "version_compat", "get_provider_info")


def of_standard(module: str, name: str | None = None) -> str | None:
    """What to import instead of a name of Airflow 2: the same name, in a module called as before, or a class alone.

    Args:
        name: None for the module itself.
    Returns: None for one that the package does not have, or has in several places.
    """
    if not module.startswith("airflow.") or module.startswith(("airflow.sdk", "airflow.providers")):
        return None
    if name is None:
        alike = _most_alike({one for found in _defined().values() for one in found}, module)
        return None if alike is None else _told(alike, None)
    found = _defined().get(name, [])
    alike = _most_alike(found, module) or (found[0] if len(found) == 1 and name[:1].isupper() else None)
    return None if alike is None else _told(alike, name)


def _most_alike(found: Iterable[str], module: str) -> str | None:
    """The one whose path ends most like a module's; None where none ends so, or several do."""
    ends = {one: _common_end(one.split("."), module.split(".")) for one in found}
    most = max(ends.values(), default=0)
    best = [one for one, length in ends.items() if length == most]
    return best[0] if most and len(best) == 1 else None


def _common_end(one: list[str], other: list[str]) -> int:
    return next((at for at, pair in enumerate(zip(one[::-1], other[::-1], strict=False)) if pair[0] != pair[1]), 0)


def _told(module: str, name: str | None) -> str:
    base, _, leaf = module.rpartition(".")
    return f"from {module if name else base} import {name or leaf} (package {_PACKAGE})"


@cache  # the package stays as it is while we run
def _defined() -> dict[str, list[str]]:
    """Public name -> the modules that define it."""
    found: dict[str, list[str]] = defaultdict(list)
    try:
        folder = Path(str(distribution(_PACKAGE).locate_file(_ROOT.replace(".", "/"))))
    except PackageNotFoundError:
        return {}
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder).with_suffix("").parts
        if parts[0] in _NOT_PUBLIC or file.name == "__init__.py":
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            is_named = isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            if is_named and not node.name.startswith("_"):  # type: ignore[attr-defined]
                found[node.name].append(".".join([_ROOT, *parts]))  # type: ignore[attr-defined]
    return dict(found)
