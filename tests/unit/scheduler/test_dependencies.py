"""What the values that a mapped task needs impose on it, and when a retry or a reschedule is due."""

from __future__ import annotations

import pytest
from scheduler_builders import NOW, dag, run_of, task, ti

from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.dependencies.standing import failed_dependencies, is_waiting, mapped_upstream, standing
from harness.scheduler.model import DagRun, KnownLength, MappedGroup, OfTask, Zip


def maps(a: str | None, b: str | None = "success", own: str | None = None) -> DagRun:
    """A task that runs whatever its upstreams came to, and maps over both of them."""
    over = {"length": Zip((OfTask("a"), OfTask("b"))), "map_dependencies": ("a", "b")}
    mapped = task("m", "a", "b", trigger_rule="all_done", **over)
    return run_of(dag(task("a"), task("b"), mapped), {"a": a, "b": b, "m": own})


@pytest.mark.parametrize(
    ("a", "b", "met", "imposed"),
    [
        ("success", "success", True, None),
        (None, "success", True, None),
        ("running", "up_for_retry", True, None),
        ("failed", "success", False, "upstream_failed"),
        ("upstream_failed", "success", False, "upstream_failed"),
        ("skipped", "success", False, "skipped"),
        ("skipped", "failed", False, "upstream_failed"),
        ("removed", "success", False, None),
        ("removed", "skipped", False, "skipped"),
    ],
)
def test_what_it_maps_over_decides_whatever_its_trigger_rule(
    a: str | None, b: str, met: bool, imposed: str | None
) -> None:
    run = maps(a, b)
    verdict = mapped_upstream(ti(run, "m"), DepContext(run))
    assert (verdict.met, verdict.new_state) == (met, imposed)


@pytest.mark.parametrize(
    ("own", "already", "imposed"),
    [
        (None, None, "upstream_failed"),
        ("scheduled", None, "upstream_failed"),
        ("failed", None, None),
        ("upstream_failed", None, None),
        (None, "upstream_failed", None),
        (None, "failed", None),
        (None, "skipped", "upstream_failed"),
        ("failed", "skipped", "upstream_failed"),
        ("upstream_failed", "upstream_failed", None),
    ],
)
def test_who_failed_already_or_is_about_to_is_given_no_state(
    own: str | None, already: str | None, imposed: str | None
) -> None:
    run = maps("failed", own=own)
    verdict = mapped_upstream(ti(run, "m"), DepContext(run), already)
    assert (verdict.met, verdict.new_state) == (False, imposed)


def test_a_state_that_this_pass_imposes_counts_before_it_is_set() -> None:
    run = maps("success")
    context = DepContext(run)
    context.imposed["a", -1] = "skipped"
    verdict = mapped_upstream(ti(run, "m"), context)
    assert (verdict.met, verdict.new_state) == (False, "skipped")
    assert "'a'" in verdict.reason
    assert "'b'" not in verdict.reason


def test_an_upstream_that_is_mapped_itself_and_expanded_is_not_asked() -> None:
    """Its instances are the trigger rule's business: only the one not yet expanded stands for it."""
    run = maps("failed")
    run.task_instances["a", 0] = run.task_instances.pop(("a", -1))
    assert mapped_upstream(ti(run, "m"), DepContext(run)).met


def test_it_is_asked_though_the_trigger_rule_is_content_and_is_reported() -> None:
    run = maps("failed")
    found = standing(ti(run, "m"), DepContext(run))
    assert (found.met, found.new_state, found.flagged) == (False, "upstream_failed", True)
    assert (found.reason or "").startswith("maps over")


@pytest.mark.parametrize(
    ("state", "due", "waiting"),
    [
        ("up_for_retry", NOW + 1, True),
        ("up_for_reschedule", NOW + 1, True),
        ("up_for_retry", NOW, False),
        ("up_for_retry", None, False),
        ("scheduled", NOW + 1, False),
        (None, NOW + 1, False),
    ],
)
def test_a_retry_waits_until_it_is_due_and_no_longer(state: str | None, due: int | None, waiting: bool) -> None:
    run = run_of(dag(task("a")), {"a": state})
    ti(run, "a").due = due
    assert is_waiting(ti(run, "a"), NOW) is waiting


def test_why_it_cannot_be_scheduled_names_what_it_maps_over() -> None:
    run = maps("failed", "skipped")
    assert failed_dependencies(ti(run, "m"), NOW) == ["maps over 'a' failed, 'b' was skipped"]
    assert failed_dependencies(ti(run, "a"), NOW) == []


def test_inside_a_mapped_group_each_instance_has_its_own_of_those_mapped_with_it_and_all_of_the_others() -> None:
    inside = {"groups": ("g",)}
    made = dag(
        task("all", length=KnownLength(3)),
        task("once"),
        task("first", "all", "once", **inside),
        task("more", "first", length=KnownLength(2), **inside),
        task("last", "more", "first", **inside),
        groups=[MappedGroup("g", None, KnownLength(2), ())],
    )
    run = run_of(made)
    context = DepContext(run)

    def of(name: str, index: int, upstream: str) -> list[int]:
        return [one.map_index for one in context.relevant(ti(run, (name, index)), upstream)]

    assert of("first", 1, "all") == [0, 1, 2]
    assert of("first", 1, "once") == [-1]
    assert of("last", 1, "first") == [1]
