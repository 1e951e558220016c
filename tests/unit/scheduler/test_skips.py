"""Skips decided by branching tasks."""

from __future__ import annotations

import pytest
from scheduler_builders import NOW, dag, finish, run_of, settle, states, task, ti

from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.dependencies.skips import previously_skipped, skip_downstream
from harness.scheduler.model import KnownLength, MappedGroup

MADE = dag(task("branch", inherits_from_skipmixin=True), task("left", "branch"), task("right", "branch"))


@pytest.mark.parametrize(
    ("chose", "left", "right"),
    [
        ({"followed": ["left"]}, None, "skipped"),
        ({"followed": []}, "skipped", "skipped"),
        ({"skipped": ["left"]}, "skipped", None),
        ({"skipped": []}, None, None),
        ({"followed": ["left"], "skipped": ["left"]}, "skipped", "skipped"),
    ],
)
def test_what_a_branch_chose(chose: dict[str, list[str]], left: str | None, right: str | None) -> None:
    run = run_of(MADE)
    finish(run, "branch")
    run.skipmixin["branch", -1] = chose
    assert [previously_skipped(ti(run, name)).new_state for name in ("left", "right")] == [left, right]


def test_a_branch_that_has_not_finished_decides_nothing() -> None:
    run = run_of(MADE, {"branch": "running"})
    run.skipmixin["branch", -1] = {"followed": []}
    assert previously_skipped(ti(run, "left")).met


def test_the_choice_outlives_a_clear() -> None:
    run = run_of(MADE)
    finish(run, "branch")
    run.skipmixin["branch", -1] = {"followed": ["right"]}
    settle(run)
    assert states(run) == {"branch": "success", "left": "skipped", "right": "scheduled"}
    ti(run, "left").state = None
    settle(run)
    assert ti(run, "left").state == "skipped"
    assert ti(run, "left").reason == "'branch' chose to skip it"


def test_a_mapped_branch_chooses_for_its_index_and_a_plain_one_for_all() -> None:
    made = dag(
        task("mapped", inherits_from_skipmixin=True, length=KnownLength(2)),
        task("after", "mapped", length=KnownLength(2)),
        task("plain", inherits_from_skipmixin=True),
        task("then", "plain", length=KnownLength(2)),
    )
    run = run_of(made)
    for key in (("mapped", 0), ("mapped", 1), "plain"):
        finish(run, key)
    run.skipmixin["mapped", 1] = {"followed": []}
    run.skipmixin["plain", -1] = {"followed": []}
    skipped = [one.key for one in run.task_instances.values() if not previously_skipped(one).met]
    assert skipped == [("after", 1), ("then", 0), ("then", 1)]


def test_a_plain_branch_in_a_mapped_group_is_not_found_as_in_airflow() -> None:
    made = dag(
        task("branch", inherits_from_skipmixin=True, groups=("g",)),
        task("left", "branch", groups=("g",)),
        groups=[MappedGroup("g", None, KnownLength(2), ())],
    )
    run = run_of(made)
    finish(run, ("branch", 0))
    run.skipmixin["branch", 0] = {"followed": []}
    assert previously_skipped(ti(run, ("left", 0))).met


def test_a_skip_waits_for_past_dependencies_when_the_context_asks() -> None:
    run = run_of(MADE)
    finish(run, "branch")
    run.skipmixin["branch", -1] = {"followed": []}
    context = DepContext(run, wait_for_past_depends_before_skipping=True)
    held = previously_skipped(ti(run, "left"), context)
    assert (held.met, held.new_state) == (False, None)
    run.past_depends_met.add(("left", -1))
    assert previously_skipped(ti(run, "left"), context).new_state == "skipped"


@pytest.mark.parametrize(
    ("state", "skipped"),
    [
        (None, True),
        ("scheduled", True),
        ("queued", True),
        ("up_for_retry", True),
        ("deferred", True),
        ("upstream_failed", True),
        ("running", False),
        ("success", False),
        ("failed", False),
    ],
)
def test_skip_downstream(state: str | None, skipped: bool) -> None:
    run = run_of(MADE, {"branch": "running", "left": state})
    changed = skip_downstream(run, ["left"], NOW + 5, by="branch")
    left = ti(run, "left")
    assert changed == ([left] if skipped else [])
    if skipped:
        assert (left.state, left.start, left.end) == ("skipped", NOW + 5, NOW + 5)
        assert left.reason == "'branch' chose to skip it"
    else:
        assert (left.state, left.start) == (state, None)


def test_skip_downstream_takes_map_indexes_and_ignores_what_is_not_there() -> None:
    run = run_of(dag(task("a"), task("m", "a", length=KnownLength(2))))
    changed = skip_downstream(run, [("m", 1), "m", "nobody", ("m", 7), ("m", 1)], NOW)
    assert [one.key for one in changed] == [("m", 1)]
    assert states(run) == {"a": None, ("m", 0): None, ("m", 1): "skipped"}
