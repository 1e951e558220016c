"""The page of a sweep: what each world comes to, as a picture, in one file of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from harness.bridge.masking import masked
from harness.kernel.instant import iso
from harness.report.page.page import AROUND, framed
from harness.report.page.texts import escaped
from harness.results.capacity import Capacity, PathStep
from harness.results.what_if import OF_TASKS, WhatIf, WhatIfRow

SCRIPTS = (*AROUND, *(f"what_if/{name}" for name in ("sweep", "path", "picture", "worlds", "main")))
STYLES = ("page", "what_if/what_if")
WITHOUT_SCRIPT = "airflow-harness simulate --vary prints the same as a table."

MOST_STEPS = 20_000
"""Steps of critical paths in a page; of longer ones the shortest steps are left out."""
LEAST_STEPS = 5
"""Steps that every path keeps."""


def what_if_page(found: WhatIf) -> str:
    """The page of a sweep that has a world. What tasks are called and what was found is masked."""
    keys = list(found.rows[0].settings)
    steps = _steps([len(row.capacity.critical_path) for row in found.rows])
    data = {
        "facts": _facts(found),
        "keys": keys,
        "causes": list(map(_text, found.causes)),
        "of_tasks": list(OF_TASKS),
        "shares": list(map(_text, found.shares)),
        "code": found.code,
        "asked_for": max(found.asked_for, len(found.rows)),
        "worlds": [_world(row, steps) for row in found.rows],
        "findings": [{name: masked(value) for name, value in one.to_json().items()} for one in found.findings],
    }
    return framed(f"What if: {' × '.join(keys)}", escaped(data), SCRIPTS, STYLES, WITHOUT_SCRIPT)


def _facts(found: WhatIf) -> list[str]:
    asked_for = max(found.asked_for, len(found.rows))
    stopped = [f"{len(found.rows)} of {asked_for} worlds: it was stopped"] if len(found.rows) < asked_for else []
    code = "with the code of tasks" if found.code else "by the rules alone"
    return [f"{iso(found.since)} until {iso(found.until)}", code, *stopped]


def _text(text: str) -> str:
    return str(masked(text))


def _ms(span: timedelta) -> int:
    return round(span / timedelta(milliseconds=1))


def _world(row: WhatIfRow, steps: int) -> dict[str, Any]:
    found, nearest = row.capacity, row.capacity.nearest_beside
    path = _path(found, steps)
    return {
        "settings": list(row.settings.values()),
        "makespan": _ms(found.makespan),
        "longest": _run(found.longest_run),
        "chain": _run(found.longest_chain),
        "instances": found.task_instances,
        "unfinished": found.unfinished,
        "missed": found.missed_deadlines,
        "failed": row.states.get("failed", 0),
        "waits": {_text(cause): _ms(waited) for cause, waited in found.waits.items()},
        "used": {_text(name): round(share, 4) for name, share in found.utilisation.items()},
        "path": path,
        "left_out": len(found.critical_path) - len(path),
        "nearest": None if nearest is None else [_text(nearest[0]), _ms(nearest[1])],
    }


def _run(run: tuple[str, str, timedelta] | None) -> list[Any] | None:
    return None if run is None else [_text(run[0]), _text(run[1]), _ms(run[2])]


def _path(found: Capacity, most: int) -> list[list[Any]]:
    """Name, wait, its cause, length, slack, and where it begins, of the longest steps."""
    told, at = [], timedelta()
    for step in found.critical_path:
        because = None if step.because is None else _text(step.because)
        told.append([_text(step.name), _ms(step.waited), because, _ms(step.lasted), _ms(step.slack), _ms(at)])
        at += step.waited + step.lasted
    longest = sorted(range(len(told)), key=lambda place: -_length(found.critical_path[place]))[:most]
    return [told[place] for place in sorted(longest)]


def _length(step: PathStep) -> timedelta:
    return step.waited + step.lasted


def _steps(lengths: Sequence[int]) -> int:
    """How many steps of a path there is room for."""
    most = max(lengths, default=0)
    while most > LEAST_STEPS and sum(min(length, most) for length in lengths) > MOST_STEPS:
        most = max(most * 3 // 4, LEAST_STEPS)
    return most
