"""``parse-time``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.bridge.operators import class_of
from harness.checks.context import LIMITS, FileContext, Judgement, Note
from harness.checks.registry import check
from harness.results.finding import Problem

TIMES = 5
"""Slower than so many times the median of the repository."""
ENOUGH = 10
"""Files that make a median."""
NEVER_BELOW_S = 0.5
_MUCH = 0.25
"""A package is named that takes so much of what is the file's own."""
_OTHERS = {"network", "database", "process"}


def gather(file: FileContext) -> dict[str, Any] | None:
    """Seconds that are not the file's to save, and packages that it could import later, each with its seconds.

    Airflow's packages and those of the operators that it uses have to be there when the Dags are made.
    """
    if any(event.kind in _OTHERS for event in file.events):
        return {"told": True}  # the check `top-level-io` tells what takes the time
    needed = {"airflow", *(class_of(task).__module__.partition(".")[0] for dag in file.dags for task in dag.tasks)}
    fixed = sum(seconds for name, seconds in file.brought.items() if name in needed)
    heavy = {name: seconds for name, seconds in file.brought.items() if name not in needed and seconds > 0.05}
    return {"fixed": fixed, "heavy": heavy} if fixed or heavy else None


@check("parse-time", severity="warning", level="repository", gather=gather, gathers="file")
def parse_time(notes: list[Note], judgement: Judgement) -> Iterator[Problem]:
    """A file that takes long to import: longer than ``parse-time-s`` (2 s), or than 5 times the median of 10 files.

    The Dag processor imports every file again and again, and every task imports its own before it starts: a slow file
    delays all others and each of its tasks, and beyond ``core.dagbag_import_timeout`` (30 s) Airflow gives it up.

    Move work and heavy imports (pandas, clients of clouds) into the tasks. The time is the import's own, the faster of
    two; what this machine kept it waiting for a processor does not count, nor does what nobody can move: the imports
    of Airflow, its providers and the packages of operators that the Dags use. Below half a second nothing is slow.
    """
    limit = judgement.selection.limits.get("parse-time-s", LIMITS["parse-time-s"])
    known = {note.path: note.value for note in notes}
    own = {
        path: seconds - known.get(path, {}).get("fixed", 0.0)
        for path, seconds in judgement.seconds.items()
        if "told" not in known.get(path, {})
    }
    usual = _median(own.values()) if len(own) >= ENOUGH else None
    for path, seconds in sorted(own.items()):
        how = ""
        if seconds > limit:
            how = f", more than {limit:g} s"
        elif usual is not None and seconds > max(TIMES * usual, NEVER_BELOW_S):
            how = f", {seconds / max(usual, 0.01):.0f} times the median ({usual:.2f} s)"
        if how:
            heavy = sorted(known.get(path, {}).get("heavy", {}).items(), key=lambda one: -one[1])
            named = [f"{name} {took:.1f} s" for name, took in heavy if took > _MUCH * seconds]
            within = f" ({', '.join(named[:3])})" if named else ""
            yield Problem(f"the file takes {seconds:.1f} s to import{how}{within}", path=path, fix=_fix(named))


def _fix(named: list[str]) -> str:
    if named:
        return f"import {named[0].split()[0]} in the tasks that use it"
    return "do what takes the time in the tasks that need it"


def _median(values: Iterable[float]) -> float:
    """`statistics.median`, whose module takes long to import."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
