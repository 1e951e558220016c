"""Pages of reference, from the code: commands as ``--help`` has them, fixtures by their signatures and docstrings.

``python -m tests.repo.docs.tables --write`` writes them anew, with the other tables.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import click

from harness import World, pytest_plugin
from harness.cli.app import EXIT_CODES, SETTINGS, app
from harness.pytest_plugin.fixtures import FrozenTime, calendar_of, explorer_of, readiness_of, replay_of
from harness.pytest_plugin.runs import Runner
from harness.simulation import Rehearsal

WIDTH = 100
PREFIX = "airflow_"
_CLI = """\
# Commands

<!-- written by python -m tests.repo.docs.tables --write: change the commands in harness/cli -->

`airflow-harness COMMAND --help` shows the same. What they write for other programs: [documents](../documents.md).
"""
_FIXTURES = """\
# Fixtures

<!-- written by python -m tests.repo.docs.tables --write: change the docstrings in harness/pytest_plugin -->

What a test is given; [Writing tests](../writing-tests.md) shows them at work. Each has a second name that begins with
`airflow_`, for suites in which another plugin owns the first one.
"""
CALLED: dict[str, Callable[..., Any]] = {
    "explore": explorer_of(Rehearsal()),
    "render_task": Runner.render_task,
    "replay": replay_of(Mock(), Mock()),
    "run_dag": Runner.run_dag,
    "run_task": Runner.run_task,
    "simulate": calendar_of(Mock()),
    "when_ready": readiness_of(Mock()),
}
"""Fixtures that are called, and what is called then."""
OBJECTS: dict[str, type] = {"frozen_time": FrozenTime, "world": World}
"""Fixtures that are an object, and its class."""
INNER = {"check_text", "copy", "names_from_environment", "put", "where"}
"""Methods of a world that a test has no use for; so has it for ``stub_of`` and the like."""


def commands() -> str:
    """The page of the commands."""
    return "\n".join(_commands()) + "\n"


def fixtures() -> str:
    """The page of the fixtures."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_fixtures())).rstrip("\n") + "\n"


def _commands() -> Iterator[str]:
    yield _CLI.rstrip("\n")
    for name, command in sorted(app.commands.items()):
        yield f"\n## {name}\n"
        inner = getattr(command, "commands", {})
        yield from _help(name, command)
        for under, one in sorted(inner.items()):
            yield f"\n### {name} {under}\n"
            yield from _help(f"{name} {under}", one)
    yield "\n## Exit codes\n"
    yield "```text"
    yield from (line.strip() for line in inspect.cleandoc(EXIT_CODES).replace("\b", "").strip().splitlines()[1:])
    yield "```"


def _help(name: str, command: click.Command) -> Iterator[str]:
    settings = {**SETTINGS, "max_content_width": WIDTH, "terminal_width": WIDTH}
    context = click.Context(command, info_name=f"airflow-harness {name}", **settings)
    text = command.get_help(context)
    yield "```text"
    yield from (line.rstrip() for line in text.partition("\n  Exit codes:")[0].rstrip().splitlines())
    yield "```"


def _fixtures() -> Iterator[str]:
    yield _FIXTURES.rstrip("\n")
    for name in sorted(pytest_plugin.__all__):
        if name.startswith(("_", "pytest_", PREFIX)):
            continue
        yield f"\n## {name}\n"
        yield _text(inspect.cleandoc(getattr(pytest_plugin, name).__doc__ or ""))
        if name in CALLED:
            yield from _function(name, CALLED[name])
        for method, function in _methods(OBJECTS.get(name)):
            yield f"\n### {name}.{method}"
            yield from _function(f"{name}.{method}", function)


def _methods(given: type | None) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, one in inspect.getmembers(given, inspect.isfunction) if given is not None else ():
        former = "(self: World" in str(inspect.signature(one))  # of a name that is no longer
        if not name.startswith("_") and not name.endswith("_of") and name not in INNER and not former and one.__doc__:
            yield name, one


def _function(name: str, function: Callable[..., Any]) -> Iterator[str]:
    taken = [one for one in inspect.signature(function).parameters.values() if one.name != "self"]
    yield f"\n```text\n{_call(name, list(_named(taken)))}\n```\n"
    yield from _docstring(inspect.cleandoc(function.__doc__ or "").splitlines())


def _named(taken: list[inspect.Parameter]) -> Iterator[str]:
    keyword = False
    for one in taken:
        if one.kind is one.KEYWORD_ONLY and not keyword:
            keyword = True
            yield "*"
        keyword = keyword or one.kind is one.VAR_POSITIONAL
        stars = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        default = "" if one.default is one.empty else f" = {_shown(one.default)}"
        yield f"{stars}{one.name}: {' '.join(str(one.annotation).split())}{default}"


def _shown(default: object) -> str:
    return "…" if type(default) is object else repr(default)


def _call(name: str, arguments: list[str]) -> str:
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {one}," for one in arguments), ")"])


def _docstring(lines: list[str]) -> Iterator[str]:
    """Google's form as Markdown: arguments become a list."""
    in_a_list = False
    for line in lines:
        section, _, rest = line.partition(":")
        names, _, about = line.strip().partition(":")
        if section in ("Args", "Attributes") and not rest:
            in_a_list = True
            yield ""
        elif section in ("Args", "Attributes", "Raises", "Returns") and not line.startswith(" "):
            in_a_list = False
            yield f"\n{_text(line)}"
        elif in_a_list and about and line.startswith("    ") and not line.startswith("     "):
            yield f"* `{names}`:{_text(about)}"
        else:
            yield _text(f"  {line.strip()}" if in_a_list else line.strip())


def _text(text: str | None) -> str:
    return (text or "").rstrip().replace("``", "`")
