"""Without task code everything goes as it went with it, change by change, in the very same order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.bridge.environment import sandbox
from harness.kernel.instant import iso
from harness.scheduler.model import DagRun, TaskInstance
from harness.simulation import CalendarOptions, Rehearsal
from harness.world import World
from tests.differential.agree import drawn, told
from tests.differential.case import Act, Case, DagCase, TaskCase
from tests.differential.render.files import render
from tests.differential.simulator import options_of, present, world_of

Change = tuple[str, str, str, str, int, int, str | None]
"""Instant, dag_id, run_id, task_id ("" for the run), map_index, try_number, state."""

SEED = 11
CASES = 12


def changes(rehearsal: Rehearsal, options: CalendarOptions, world: World) -> list[Change]:
    """Every change of state of a calendar, in order."""
    found: list[Change] = []

    def watch(run: DagRun, ti: TaskInstance | None) -> None:
        at, dag_id = iso(present()), run.dag.dag_id
        if ti is None:
            found.append((at, dag_id, run.run_id, "", -1, 0, run.state))
        else:
            found.append((at, dag_id, run.run_id, ti.task_id, ti.map_index, ti.try_number, ti.state))

    rehearsal.simulate(options, world, watch)
    return found


def loaded(case: Case, folder: Path) -> Rehearsal:
    """The Dags of a case."""
    sandbox.enter()
    render(case, folder / "dags")
    return Rehearsal.of_paths([folder / "dags"])


@pytest.mark.parametrize("number", range(CASES))
def test_a_past_ledger_is_played_again(number: int, tmp_path: Path) -> None:
    case, ledger = drawn("scheduler", SEED, number), tmp_path / "ledger"
    rehearsal, options = loaded(case, tmp_path), options_of(case)
    with_code = changes(rehearsal, replace(options, keep=ledger), world_of(case))
    without = changes(rehearsal, replace(options, code=False, from_ledger=ledger), world_of(case))
    assert with_code == without, told("scheduler", case, [])


def stubbed(case: Case) -> tuple[Case, World]:
    """The case with acts that a world can say, and the world that says them; its tasks themselves do nothing."""
    world, dags = world_of(case), []
    for dag in case.dags:
        tasks = [replace(task, acts=tuple(map(_plain, task.acts)), acts_of={}) for task in dag.tasks]
        dags.append(replace(dag, tasks=tuple(tasks)))
        for task in tasks:
            if task.kind in ("plain", "branch", "short_circuit"):
                world.stub(f"{dag.dag_id}.{task.task_id}", *(_stub(task, act) for act in task.acts))
    return replace(case, dags=tuple(dags)), world


def _plain(act: Act) -> Act:
    return replace(act, reschedules_s=(), deferred_s=None)


def _stub(task: TaskCase, act: Act) -> dict[str, Any]:
    takes = {"takes": act.duration_s}
    if act.state == "failed":
        return {"raises": "failed", **takes}
    if act.state in ("fail", "skipped"):
        return {"state": "failed" if act.state == "fail" else "skipped", **takes}
    if task.kind == "branch":
        return {"follows": list(act.follows or ()), **takes}
    if task.kind == "short_circuit":
        return {"follows": [] if act.follows is not None else ["on"], **takes}
    return {"returns": None if act.returns is None else list(range(act.returns)), **takes}


@pytest.mark.parametrize("number", range(CASES // 2))
def test_a_world_of_stubs_goes_alike(number: int, tmp_path: Path) -> None:
    case, world = stubbed(drawn("scheduler", SEED + 1, number))
    if any(task.kind == "latest_only" for dag in case.dags for task in dag.tasks):
        case = replace(case, dags=tuple(map(_without_latest_only, case.dags)))
    rehearsal, options = loaded(case, tmp_path), options_of(case)
    with_code = changes(rehearsal, options, world.copy())
    without = changes(rehearsal, replace(options, code=False), world.copy())
    assert with_code == without, told("scheduler", case, [])


def _without_latest_only(dag: DagCase) -> DagCase:
    """What such a task decides hangs on the clock: nobody but itself tells it."""
    return replace(dag, tasks=tuple(replace(t, kind="empty") if t.kind == "latest_only" else t for t in dag.tasks))


def test_a_past_that_was_another_is_noticed(tmp_path: Path) -> None:
    """The canary: where one try of the ledger lasts longer, the two are not alike."""
    tasks = (TaskCase("t0", acts=(Act(duration_s=60),)), TaskCase("t1", upstream=("t0",), acts=(Act(duration_s=60),)))
    case = Case((DagCase("d0", tasks),), "2025-01-06T00:00:00+00:00", "2025-01-07T00:00:00+00:00")
    rehearsal, ledger = loaded(case, tmp_path), tmp_path / "ledger"
    with_code = changes(rehearsal, replace(options_of(case), keep=ledger), world_of(case))
    slower = world_of(case)
    slower.set_duration("d0.t0", 61)
    without = changes(rehearsal, replace(options_of(case), code=False, from_ledger=ledger), slower)
    assert len(with_code) == len(without)
    assert with_code != without
