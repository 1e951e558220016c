"""The form of a child's report: what is not of it costs its own file, and nobody else's."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from harness.checks.registry import CHECKS
from harness.results.finding import Problem

_PROBLEM = {one.name for one in fields(Problem)}
_LISTS = {"first": ("problems", "dags", "names", "imported", "notes"), "second": ("dag_ids", "imported", "notes")}


def misshapen(report: Any, second: bool) -> str | None:
    """What of a report has another form than `harness.gate.examine` gives it; None for nothing."""
    if not isinstance(report, dict):
        return "it is no object"
    for name in _LISTS["second" if second else "first"]:
        if not isinstance(report.get(name), list):
            return f"{name} is no list"
    if not isinstance(report.get("seconds"), (int, float)) or not isinstance(report.get("failed"), (str, type(None))):
        return "seconds or failed"
    if any(not _is_note(one) for one in report["notes"]):
        return "a note"
    if second:
        return None if all(isinstance(one, str) for one in report["dag_ids"]) else "a Dag's id"
    if any(not _is_problem(one) for one in report["problems"]):
        return "a problem"
    return None if all(_is_dag(one) for one in report["dags"]) else "a Dag"


def _is_note(note: Any) -> bool:
    return isinstance(note, list) and len(note) == 4 and note[0] in CHECKS and isinstance(note[1], str)


def _is_problem(problem: Any) -> bool:
    if not (isinstance(problem, list) and len(problem) == 2 and isinstance(problem[1], dict)):
        return False
    return isinstance(problem[0], str) and problem[1].keys() <= _PROBLEM and isinstance(problem[1].get("message"), str)


def _is_dag(dag: Any) -> bool:
    return isinstance(dag, dict) and isinstance(dag.get("dag_id"), str) and isinstance(dag.get("tasks"), int)
