"""What a ledger's header says: of what simulation it is, and on which Airflow; no folder, no clock of this machine."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from harness.bridge.masking import masked
from harness.bridge.timetables import RunPlan
from harness.kernel.instant import iso
from harness.project.installed import version_of
from harness.simulation.options import Action, CalendarOptions, RunOptions


def facts_of_run(dag_id: str, plan: RunPlan, options: RunOptions) -> dict[str, Any]:
    """Of one run."""
    chosen = {"only": list(options.only), "from_task": options.from_task, "manual": options.manual}
    given = {"conf": masked(dict(options.conf)), "params": masked(dict(options.params))}
    return {"of": "run", "dag_ids": [dag_id], "run_id": plan.run_id, **chosen, **given, **_seeded(options.seed)}


def facts_of_calendar(options: CalendarOptions) -> dict[str, Any]:
    """Of a calendar, or of a replay: then its backfills are among the actions."""
    return {
        "of": "calendar" if options.schedules else "replay",
        "dag_ids": list(options.dag_ids),
        "since": iso(options.since),
        "until": iso(options.until),
        "fresh": options.fresh,
        "fail_fast": options.fail_fast,
        "conf": masked(dict(options.conf)),
        "actions": [_action(one) for one in options.actions],
        **({} if options.code else {"code": False}),
        **_seeded(options.seed),
    }


def _action(action: Action) -> dict[str, Any]:
    told: dict[str, Any] = {
        "at": iso(action.at),
        "verb": action.verb,
        "dag_id": action.dag_id,
        "task_id": action.task_id,
    }
    if action.backfill is not None:
        asked = asdict(action.backfill)
        dates = {name: iso(asked.pop(f"{name}_date")) for name in ("from", "to")}
        told["backfill"] = {**dates, **masked(asked)}
    return told


def _seeded(seed: int) -> dict[str, Any]:
    names = {"airflow": "apache-airflow-core", "harness": "airflow-harness"}
    versions = {name: str(version_of(package)) for name, package in names.items()}
    return {"seed": seed, "python": f"{sys.version_info.major}.{sys.version_info.minor}", **versions}
