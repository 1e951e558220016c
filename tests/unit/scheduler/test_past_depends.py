"""depends_on_past, wait_for_downstream and ignore_first_depends_on_past."""

from __future__ import annotations

from typing import Any

import pytest
from scheduler_builders import DAY, NOW, dag, run_of, settle, states, task, ti

from harness.scheduler.dependencies.past import followers, prev_dagrun, previous_run
from harness.scheduler.model import DagRun, KnownLength


def chain(made: Any, *first: dict[str, Any], **last: Any) -> DagRun:
    """Runs a day apart, oldest first; the newest is returned."""
    previous = None
    for number, fields in enumerate([*first, last]):
        previous = run_of(
            made, **{"run_id": f"r{number}", "logical_date": NOW + number * DAY, "previous": previous, **fields}
        )
    assert previous is not None
    return previous


MADE = dag(task("t", depends_on_past=True), task("after", "t"))
WAITS = dag(task("t", depends_on_past=True, wait_for_downstream=True), task("after", "t"))


def test_a_task_that_does_not_depend_on_past_is_free() -> None:
    run = chain(dag(task("t")), {"states": {"t": "failed"}})
    assert prev_dagrun(ti(run, "t")).met


def test_the_first_run_is_free() -> None:
    assert prev_dagrun(ti(chain(MADE), "t")).met


@pytest.mark.parametrize(
    ("before", "met"),
    [
        ("success", True),
        ("skipped", True),
        ("failed", False),
        ("upstream_failed", False),
        ("running", False),
        (None, False),
        ("removed", False),
    ],
)
def test_the_run_before_decides(before: str | None, met: bool) -> None:
    run = chain(MADE, {"states": {"t": before}})
    assert prev_dagrun(ti(run, "t")).met is met


def test_the_reason_names_run_and_instance() -> None:
    run = chain(MADE, {"states": {"t": "failed"}})
    assert prev_dagrun(ti(run, "t")).reason == "depends_on_past: 't' failed in run 'r0'"


@pytest.mark.parametrize(("after", "met"), [("success", True), ("skipped", True), ("failed", False), (None, False)])
def test_wait_for_downstream(after: str | None, met: bool) -> None:
    states = {"t": "success", "after": after}
    assert prev_dagrun(ti(chain(WAITS, {"states": states}), "t")).met is met
    assert prev_dagrun(ti(chain(MADE, {"states": states}), "t")).met


def test_every_mapped_instance_of_before_counts() -> None:
    made = dag(task("t", depends_on_past=True, length=KnownLength(2)))
    run = chain(made, {"states": {("t", 0): "success", ("t", 1): "failed"}})
    assert not prev_dagrun(ti(run, ("t", 0))).met


@pytest.mark.parametrize(("catchup", "before"), [(True, "r0"), (False, "r1")])
def test_with_catchup_manual_runs_are_passed_over(catchup: bool, before: str) -> None:
    run = chain(dag(task("t"), catchup=catchup), {}, {"run_type": "manual"})
    found = previous_run(run)
    assert found is not None
    assert found.run_id == before


def test_a_run_without_logical_date_has_none_before() -> None:
    run = chain(MADE, {"states": {"t": "failed"}}, logical_date=None)
    assert prev_dagrun(ti(run, "t")).met


def test_the_first_run_of_a_backfill_is_free_and_the_second_is_not() -> None:
    first = chain(MADE, {"states": {"t": "failed"}}, backfill_id="b", backfill_ordinal=1)
    assert prev_dagrun(ti(first, "t")).met
    second = chain(MADE, {"states": {"t": "failed"}}, backfill_id="b", backfill_ordinal=2)
    assert not prev_dagrun(ti(second, "t")).met


@pytest.mark.parametrize(("ignores", "ever", "met"), [(True, False, True), (True, True, False), (False, False, False)])
def test_a_task_the_run_before_did_not_have(ignores: bool, ever: bool, met: bool) -> None:
    made = dag(task("t", depends_on_past=True, ignore_first_depends_on_past=ignores))
    run = chain(made, {"states": {"t": "success"}}, {})
    assert run.previous is not None
    assert run.previous.previous is not None
    run.previous.task_instances.clear()
    if not ever:
        run.previous.previous.task_instances.clear()
    assert prev_dagrun(ti(run, "t")).met is met


@pytest.mark.parametrize(("catchup", "met"), [(True, True), (False, False)])
def test_a_task_that_began_after_the_run_before(catchup: bool, met: bool) -> None:
    made = dag(task("t", depends_on_past=True, start_date=NOW + 1, ignore_first_depends_on_past=False), catchup=catchup)
    assert prev_dagrun(ti(chain(made, {}), "t")).met is met


def test_past_depends_met_is_recorded_only_when_asked_for() -> None:
    run = chain(MADE, {"states": {"t": "failed"}})
    prev_dagrun(ti(run, "t"), wait_for_past_depends_before_skipping=True)
    prev_dagrun(ti(run, "after"))
    assert run.past_depends_met == set()
    prev_dagrun(ti(run, "after"), wait_for_past_depends_before_skipping=True)
    assert run.past_depends_met == {("after", -1)}


def test_a_waiting_task_is_scheduled_when_the_past_is_met_and_never_deadlocks() -> None:
    run = chain(MADE, {"states": {"t": "running"}})
    assert settle(run, NOW + DAY).outcome is None
    assert states(run) == {"t": None, "after": None}
    assert run.previous is not None
    ti(run.previous, "t").state = "success"
    settle(run, NOW + DAY)
    assert states(run)["t"] == "scheduled"


@pytest.mark.parametrize(
    ("depends", "catchup", "types", "followed"),
    [
        (True, False, ["scheduled", "scheduled"], ["r1"]),
        (True, True, ["scheduled", "scheduled"], ["r1"]),
        (True, True, ["manual", "manual", "scheduled", "scheduled"], ["r1", "r2", "r3"]),
        (True, False, ["manual", "scheduled"], ["r1"]),
        (True, True, ["manual"], ["r1"]),
        (True, True, [], []),
        (False, True, ["manual", "scheduled"], []),
    ],
)
def test_what_happens_in_a_run_concerns_those_that_look_at_it(
    depends: bool, catchup: bool, types: list[str], followed: list[str]
) -> None:
    """With catchup a manual run is passed over: the run behind it looks at this one too."""
    made = dag(task("t"), task("u", depends_on_past=depends), catchup=catchup)
    runs = [chain(made)]
    for number, run_type in enumerate(types, 1):
        runs.append(run_of(made, run_id=f"r{number}", run_type=run_type, previous=runs[-1]))
        runs[-2].next = runs[-1]
    assert [run.run_id for run in followers(runs[0])] == followed
    assert [run.run_id for run in followers(runs[0])] == followed, "asked again"


def test_the_sentence_says_what_is_met() -> None:
    assert prev_dagrun(ti(chain(MADE), "after")).reason == "depends_on_past is not set"
    assert prev_dagrun(ti(chain(MADE), "t")).reason == "first run of its task"
    assert prev_dagrun(ti(chain(MADE, {"states": {"t": "success"}}), "t")).reason == "succeeded in run 'r0'"
    waits = chain(WAITS, {"states": {"t": "success", "after": "running"}})
    assert prev_dagrun(ti(waits, "t")).reason == "wait_for_downstream: 'after' is running in run 'r0'"


def test_downstream_tasks_that_the_run_before_did_not_have_are_not_waited_for() -> None:
    run = chain(WAITS, {"states": {"t": "success", "after": "failed"}})
    assert run.previous is not None
    del run.previous.task_instances["after", -1]
    assert prev_dagrun(ti(run, "t")).met
