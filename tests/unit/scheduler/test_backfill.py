"""Backfills: what is refused, which dates are meant, what is done about each, who goes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from scheduler_builders import DAY, NOW, dag, run_of, states, task

from harness.scheduler.dag_runs.backfill import (
    ALREADY_EXISTS,
    IN_FLIGHT,
    Backfill,
    Circumstances,
    in_order,
    is_complete,
    no_create_reason,
    refusal,
    steps,
)
from harness.scheduler.dag_runs.calendar import latest_automated
from harness.scheduler.dag_runs.runs import to_examine, to_start
from harness.scheduler.model import DagRun, KnownLength, OfTask
from harness.scheduler.policies import SchedulerPolicies
from harness.scheduler.transitions import clear

OLD = SchedulerPolicies(backfill_needs_dates=False, backfill_dates_in_order=False)

PLAIN, PAST = dag(task("t"), max_active_runs=2), dag(task("t", depends_on_past=True))


@dataclass(frozen=True)
class Date:
    logical_date: int
    data_interval_end: int | None


def asked(**fields: Any) -> Backfill:
    return Backfill(**{"from_date": NOW - 3 * DAY, "to_date": NOW, **fields})


def backfilled(name: str, ordinal: int, backfill: str = "1", **fields: Any) -> DagRun:
    return run_of(
        PLAIN, run_id=name, run_type="backfill", backfill_id=backfill, backfill_ordinal=ordinal,
        backfill_max_active_runs=2, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made", "request_", "met", "kind"),
    [
        (PLAIN, {}, {}, None),
        (PLAIN, {"reverse": True}, {}, None),
        (PLAIN, {}, {"allowed": False}, "DagRunTypeNotAllowed"),
        (PLAIN, {}, {"periodic": False}, "DagNonPeriodicScheduleException"),
        (PLAIN, {"dry_run": True}, {"periodic": False}, "DagNonPeriodicScheduleException"),
        (PLAIN, {}, {"running": True}, "AlreadyRunningBackfill"),
        (PLAIN, {"dry_run": True}, {"running": True}, None),
        (PLAIN, {"from_date": NOW + 1}, {}, "InvalidBackfillDateRange"),
        (PLAIN, {"from_date": NOW + 1, "to_date": NOW + DAY}, {}, "InvalidBackfillDate"),
        (PLAIN, {"to_date": NOW + DAY}, {}, None),
        (PAST, {}, {}, "InvalidReprocessBehavior"),
        (PAST, {"reprocess": "failed"}, {}, None),
        (PAST, {"reprocess": "completed", "reverse": True}, {}, "InvalidBackfillDirection"),
        (PLAIN, {"conf": {}}, {"conf_error": "no"}, "InvalidBackfillConf"),
        (PLAIN, {}, {"conf_error": "no"}, "ParamValidationError"),
        (PLAIN, {"dry_run": True}, {"conf_error": "no"}, None),
        (PLAIN, {}, {"has_dates": False}, "NoBackfillRunsToCreate"),
        (PLAIN, {"dry_run": True}, {"has_dates": False}, None),
        (
            dag(task("t"), policies=OLD),
            {"from_date": NOW + 1},
            {"has_dates": False},
            None,
        ),
    ],
)
def test_refusal(made: Any, request_: dict[str, Any], met: dict[str, Any], kind: str | None) -> None:
    found = refusal(asked(**request_), made, NOW, Circumstances(**met))
    assert (found and found.kind) == kind
    assert found is None or str(found).startswith(f"{kind}: ")


def test_dates_whose_interval_is_over_in_the_order_asked_for() -> None:
    dates = [Date(NOW - 2 * DAY, NOW - DAY), Date(NOW - DAY, NOW), Date(NOW, NOW + DAY), Date(NOW, None)]
    assert in_order(dates, NOW, reverse=False) == dates[:2]
    assert in_order(dates, NOW, reverse=True) == [dates[1], dates[0]]


@pytest.mark.parametrize(
    ("state", "reasons"),
    [
        ("queued", {"none": IN_FLIGHT, "failed": IN_FLIGHT, "completed": IN_FLIGHT}),
        ("running", {"none": IN_FLIGHT, "failed": IN_FLIGHT, "completed": IN_FLIGHT}),
        ("success", {"none": ALREADY_EXISTS, "failed": ALREADY_EXISTS, "completed": None}),
        ("failed", {"none": ALREADY_EXISTS, "failed": None, "completed": None}),
    ],
)
def test_an_existing_run_is_left_alone_or_not(state: str, reasons: dict[str, str | None]) -> None:
    assert {behaviour: no_create_reason(state, behaviour) for behaviour in reasons} == reasons


def test_places_are_counted_for_dates_left_alone_too() -> None:
    there = {NOW: run_of(PLAIN, state="running"), NOW + DAY: run_of(PLAIN, state="failed")}
    dates = [Date(NOW + n * DAY, NOW + (n + 1) * DAY) for n in range(3)]
    found = [(step.ordinal, step.verb, step.reason) for step in steps(dates, there.get, "failed")]
    assert found == [(1, "leave", IN_FLIGHT), (2, "clear", None), (3, "create", None)]


def test_a_run_made_meanwhile_is_seen() -> None:
    there: dict[int, DagRun] = {}
    seen = []
    for step in steps([Date(NOW, NOW), Date(NOW, NOW)], there.get, "none"):
        seen.append(step.verb)
        there[NOW] = run_of(PLAIN, state="queued")
    assert seen == ["create", "leave"]


def test_complete_when_none_of_its_runs_is_left() -> None:
    others = [backfilled("other", 1, "2", state="queued"), run_of(PLAIN, state="running")]
    assert is_complete("1", [*others, backfilled("a", 1, state="success"), backfilled("b", 2, state="failed")])
    assert is_complete("1", [])
    for state in ("queued", "running"):
        assert not is_complete("1", [*others, backfilled("a", 1, state=state)])


def test_a_backfill_has_a_limit_of_its_own_and_starts_behind_the_others() -> None:
    queued = [backfilled(name, n, state="queued") for n, name in enumerate("abc", 1)]
    queued += [run_of(PLAIN, run_id=name, state="queued", run_after=NOW + DAY) for name in "xyz"]
    assert [run.run_id for run in to_start(queued, {})] == ["x", "y", "a", "b"]
    assert [run.run_id for run in to_start(queued, {("d", None): 2, ("d", "1"): 1})] == ["a"]
    assert to_start(queued, {("d", None): 2, ("d", "1"): 2}) == []


def test_a_loop_looks_at_twenty_queued_runs_that_have_room() -> None:
    full = dag(task("t"), max_active_runs=1)
    queued = [run_of(full, run_id=f"{n:02}", state="queued", run_after=NOW + n) for n in range(20)]
    later = backfilled("later", 1, state="queued")
    assert [run.run_id for run in to_start([*queued, later], {})] == ["00"]
    assert to_start([*queued, later], {("d", None): 1}) == [later]


def test_the_twenty_first_of_a_backfill_is_not_looked_at_while_twenty_run() -> None:
    runs = [backfilled(f"{n:02}", n) for n in range(1, 23)]
    assert to_examine(runs[18:], runs) == runs[18:20]
    assert to_examine(runs[18:], runs[2:]) == runs[2:]
    other = run_of(PLAIN, run_id="x")
    assert to_examine([*runs[18:], other], [*runs, other]) == [other, runs[18]]
    assert to_examine(runs[18:], [*runs, other], paused={"d"}) == runs[18:]
    runs[0].former_ordinals = (5,)  # it counts twice
    assert to_examine(runs[18:], runs) == runs[18:19]
    runs[21].former_ordinals = (1,)
    assert to_examine(runs[18:], runs)[0] is runs[21]


@pytest.mark.parametrize(("others", "looked_at"), [(19, True), (20, False), (21, False)])
def test_the_first_of_a_backfill_is_not_looked_at_while_twenty_others_run(others: int, looked_at: bool) -> None:
    running = [run_of(PLAIN, run_id=f"o{n:02}") for n in range(others)]
    first = backfilled("b", 1)
    assert (first in to_examine([first], [*running, first])) is looked_at


def test_the_schedule_goes_on_behind_the_latest_of_scheduled_and_backfilled_runs() -> None:
    first = run_of(PLAIN, run_id="s", logical_date=NOW)
    by_hand = run_of(PLAIN, run_id="m", run_type="manual", logical_date=NOW + 9 * DAY)
    assert latest_automated([by_hand]) is None
    assert latest_automated([by_hand, first]) is first
    last = backfilled("b", 1, logical_date=NOW + DAY)
    assert latest_automated([by_hand, last, first]) is last


MAPPED = dag(
    task("list"),
    task("none", length=KnownLength(0)),
    task("two", length=KnownLength(2)),
    task("each", "list", length=OfTask("list"), map_dependencies=("list",)),
)


def ended(**fields: Any) -> DagRun:
    run = run_of(MAPPED, state="success", **fields)
    for one in run.task_instances.values():
        one.state, one.try_number = "success", 1
    return run


def test_clearing_to_the_newest_version_removes_what_has_no_such_index() -> None:
    run = ended()
    each = run.task_instances["each", -1]
    del run.task_instances[each.key]
    run.lengths["list"] = 1
    for index in range(2):
        each = type(each)(each.task, run, index, "removed" if index else "success")
        run.task_instances[each.key] = each
    clear(run, on_latest_version=True)
    expected = {"list": None, "none": "removed", ("two", 0): None, ("two", 1): None, ("each", 0): None}
    assert states(run) == {**expected, ("each", 1): "removed"}
    assert (run.state, run.task_instances["two", 1].max_tries) == ("queued", 1)


def test_where_a_length_is_not_known_all_that_was_expanded_goes() -> None:
    run = ended()
    each = run.task_instances.pop(("each", -1))
    each.map_index = 0
    run.task_instances[each.key] = each
    clear(run, on_latest_version=True)
    assert states(run)["each", 0] == "removed"
    run = ended()
    clear(run)
    assert set(states(run).values()) == {None}


def test_a_run_without_instances_stays_as_it_is_when_cleared() -> None:
    run = run_of(dag(), state="success")
    assert clear(run, on_latest_version=True) == []
    assert (run.state, run.clear_number) == ("success", 0)
