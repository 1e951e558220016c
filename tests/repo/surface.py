"""The public surface as text: every public name with its signature, the errors with their ids, the fixtures.

``python -m tests.repo.surface --write`` writes ``tests/repo/surface.txt`` anew.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import harness
from harness import errors, pytest_plugin, strategies
from harness.pytest_plugin.fixtures import calendar_of, explorer_of, readiness_of
from harness.pytest_plugin.runs import Runner
from harness.simulation import Rehearsal

FILE = Path(__file__).with_name("surface.txt")
HEAD = "# The public surface; written by python -m tests.repo.surface --write\n"
_OPERATORS = ("__bool__", "__len__", "__iter__", "__getitem__", "__contains__")
_HOOKS = ("_", "pytest_")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
CALLED: dict[str, Callable[..., Any]] = {
    "explore": explorer_of(Rehearsal()),
    "render_task": Runner.render_task,
    "run_dag": Runner.run_dag,
    "run_task": Runner.run_task,
    "simulate": calendar_of(Mock()),
    "when_ready": readiness_of(Mock()),
}
"""Fixtures that are called, and what is called then."""


def surface() -> str:
    """The whole text."""
    return "\n".join([HEAD, *_lines()]) + "\n"


def _lines() -> Iterator[str]:
    for module in (harness, strategies):
        yield f"[{module.__name__}]"
        for name in sorted(module.__all__):
            yield from described(name, getattr(module, name))
        yield ""
    yield "[harness.errors]"
    for name, one in sorted(inspect.getmembers(errors, _is_error)):
        yield f"class {name}({one.__mro__[1].__name__}): id {one.id!r}, exit code {int(one.exit_code)}"
    yield "\n[fixtures]"
    for name in sorted(pytest_plugin.__all__):
        if not name.startswith(_HOOKS):
            function = CALLED.get(name.removeprefix("airflow_"))
            yield name if function is None else f"{name}{signature(function).replace('(self, ', '(')}"


def described(name: str, one: Any) -> Iterator[str]:
    """A function in a line, a class in several."""
    if not inspect.isclass(one):
        yield f"def {name}{signature(one)}"
        return
    yield f"class {name}{signature(one)}"
    for member, value in sorted(_members(one).items()):
        if isinstance(value, property):
            yield f"    {member}: {_text(inspect.signature(value.fget).return_annotation)}"  # type: ignore[arg-type]
        elif hasattr(value, "func"):  # a cached property
            yield f"    {member}: {_text(inspect.signature(value.func).return_annotation)}"
        elif isinstance(value, classmethod):
            yield f"    classmethod {member}{signature(value.__func__)}"
        elif inspect.isfunction(value):
            yield f"    def {member}{signature(value)}"


def signature(one: Callable[..., Any]) -> str:
    """The signature with its annotations as they are written: how Python shows them changes from version to version."""
    found = inspect.signature(one)
    told = [
        each.replace(annotation=_written(each.annotation), default=_written(each.default, repr))
        for each in found.parameters.values()
    ]
    returned = found.empty if inspect.isclass(one) else _written(found.return_annotation)
    return str(found.replace(parameters=told, return_annotation=returned)).removesuffix(" -> None")


class _Written:
    """Shown as it is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _written(value: Any, text: Callable[[Any], str] | None = None) -> Any:
    return value if value is inspect.Parameter.empty else _Written(_ADDRESS.sub("", (text or _text)(value)))


def _text(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__qualname__", repr(annotation))


def _members(one: type) -> dict[str, Any]:
    """What the class and those of ours that it is made of define, by name."""
    ours = [base for base in reversed(one.__mro__) if base.__module__.startswith("harness")]
    found = {name: value for base in ours for name, value in vars(base).items()}
    return {name: value for name, value in found.items() if not name.startswith("_") or name in _OPERATORS}


def _is_error(one: Any) -> bool:
    return inspect.isclass(one) and issubclass(one, errors.HarnessError)


def main(arguments: list[str]) -> int:
    """Write the file with ``--write``, else print it."""
    if arguments == ["--write"]:
        FILE.write_text(surface(), encoding="utf-8")
    else:
        sys.stdout.write(surface())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
