"""``plugin-error``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.checks.context import FileContext, Judgement, Note
from harness.checks.registry import check
from harness.results.finding import Problem


def gather(file: FileContext) -> list[list[Any]] | None:
    """(path, line, message, fix) of the plugins that did not load in the process that this file was parsed in."""
    return [[one.path, one.line, one.message, one.fix] for one in file.failed_plugins] or None


@check("plugin-error", severity="warning", level="repository", gather=gather, gathers="file")
def plugin_error(notes: list[Note], _judgement: Judgement) -> Iterator[Problem]:
    """A plugin that does not load: its file raises, its class has no name or that of another, ``on_load`` raises.

    Airflow logs this and goes on without the plugin: its listeners hear nothing, and nobody is told. A Dag that needs
    one of its macros or timetables fails with an error of its own; that is why this is a warning.

    Fix: correct the plugin, or install what it imports where Dags are parsed.
    """
    for path, line, message, fix in sorted({tuple(one) for note in notes for one in note.value}):
        yield Problem(message, path=path, line=line, fix=fix)
