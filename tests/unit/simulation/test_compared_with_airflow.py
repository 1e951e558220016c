"""What `airflow-harness verify` calls alike: runs, task instances and XComs of both sides, row by row."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.bridge.reference import RunHistory
from harness.results.verification import NONE, Row
from harness.simulation.verification import ALONE, as_it_is, compared, in_order, same
from harness.world import World
from harness.world.entries import Stub

DONE = ("success", 1)


class TriggerDagRunOperator:
    """By its name a task whose effect lies outside of its Dag."""


class PythonOperator:
    """By its name one of no such kind."""


def rows(
    ours: RunHistory,
    theirs: RunHistory,
    *operators: type,
    reasons: dict[tuple[str, int], str] | None = None,
    volatile: set[tuple[str, int, str]] | None = None,
) -> list[Row]:
    dag: Any = SimpleNamespace(dag_id="d", tasks=[operator() for operator in operators])
    return compared(dag, ours, theirs, reasons or {}, volatile or set())


def history(run_state: str = "success", xcoms: dict[Any, Any] | None = None, **states: Any) -> RunHistory:
    """Of tasks by name, ``b_0`` for the first instance of ``b``."""
    final = {(name.partition("_")[0], int(name.partition("_")[2] or -1)): found for name, found in states.items()}
    return RunHistory(final, xcoms or {}, run_state)


def test_the_run_comes_first_then_tasks_then_xcoms_each_by_name() -> None:
    xcoms = {("b", 0, "return_value"): 1, ("a", -1, "return_value"): 2, ("a", -1, "key"): 3}
    one = history(xcoms=xcoms, b_1=DONE, b_0=DONE, a=DONE)
    found = rows(one, one)
    assert [(row.what, row.name) for row in found] == [
        ("run", "d"),
        ("task", "a"),
        ("task", "b[0]"),
        ("task", "b[1]"),
        ("xcom", "a.key"),
        ("xcom", "a.return_value"),
        ("xcom", "b[0].return_value"),
    ]
    assert all(row.alike and row.why is None for row in found)


def test_a_task_that_only_one_side_has_differs() -> None:
    assert rows(history(a=DONE), history())[1] == Row("task", "a", "success, try 1", NONE, False)
    assert rows(history(), history(a=DONE))[1] == Row("task", "a", NONE, "success, try 1", False)


@pytest.mark.parametrize("theirs", [("success", 2), ("failed", 1), (None, 1)])
def test_state_and_try_count_both(theirs: tuple[str | None, int]) -> None:
    row = rows(history(a=DONE), history(a=theirs))[1]
    assert not row.alike
    assert row.airflow == f"{theirs[0] or 'no status'}, try {theirs[1]}"


def test_a_difference_is_given_the_reason_of_the_simulation_and_what_is_alike_none() -> None:
    reasons = {("a", -1): "no pool", ("b", -1): "not told"}
    found = rows(history(a=DONE, b=DONE), history(a=("failed", 1), b=DONE), reasons=reasons)
    assert [row.why for row in found[1:]] == ["no pool", None]


def test_a_dag_that_reaches_into_others_says_so_where_something_differs() -> None:
    ours, theirs = history("running", a=DONE, b=DONE), history("success", a=("failed", 1), b=DONE)
    reasons = {("a", -1): "no pool"}
    found = rows(ours, theirs, PythonOperator, TriggerDagRunOperator, reasons=reasons)
    assert [row.why for row in found] == [ALONE, f"no pool; {ALONE}", None]
    assert [row.why for row in rows(ours, theirs, PythonOperator)] == [None, None, None]


def test_what_changes_by_itself_and_links_of_operators_are_left_out() -> None:
    ours = history(xcoms={("a", -1, "now"): 1, ("a", -1, "_link_Log"): "x", ("a", -1, "key_link_"): "x"})
    theirs = history(xcoms={("a", -1, "now"): 2, ("a", -1, "_link_Log"): "y"})
    found = rows(ours, theirs, volatile={("a", -1, "now")})
    assert found[1:] == [Row("xcom", "a.key_link_", "'x'", NONE, False)]


def test_a_none_that_was_pushed_is_not_the_absence_of_a_value() -> None:
    row = rows(history(xcoms={("a", -1, "k"): None}), history())[1]
    assert (row.here, row.airflow, row.alike) == ("None", NONE, False)


def test_long_values_are_shown_by_their_begin_and_compared_whole() -> None:
    short, long = "x" * 58, "x" * 59  # two quotes make them 60 and 61 long
    xcoms = {("a", -1, "short"): short, ("a", -1, "long"): long + "1"}
    found = rows(history(xcoms=xcoms), history(xcoms={**xcoms, ("a", -1, "long"): long + "2"}))
    assert [row.alike for row in found[1:]] == [False, True]
    assert found[1].here == found[1].airflow == "'" + "x" * 58 + "…"
    assert found[2].here == repr(short)


@pytest.mark.parametrize(
    ("mine", "real", "alike"),
    [
        (1, 1, True),
        (1, 2, False),
        (None, None, True),
        (None, "None", False),
        ("1", 1, False),
        (1, "2025-01-01", False),
        ("2025-01-01", 1, False),
        ("a", "a", True),
        ("a", "b", False),
        ("2025-01-01T00:00:00", "2025-01-01T00:00:00.999999", True),
        ("2025-01-01T00:00:00.999999", "2025-01-01T00:00:00", True),
        ("2025-01-01T00:00:00", "2025-01-01T00:00:01", False),
        ("2025-01-01T00:00:01", "2025-01-01T00:00:00", False),
        ("2025-01-01T00:00:00", "2025-01-01T00:00:00+00:00", False),
        ("2025-01-01T00:00:00", "soon", False),
        (["2025-01-01T00:00:00", 1], ["2025-01-01T00:00:00.500000", 1], True),
        ([1], [1, 2], False),
        ([1, 2], [1], False),
        ([1, 2], [1, 3], False),
        ([1], {"0": 1}, False),
        ([1], 1, False),
        ([], [], True),
        ({"a": {"b": [1]}}, {"a": {"b": [1]}}, True),
        ({"a": {"b": [1]}}, {"a": {"b": [2]}}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 1, "b": 1}, False),
        ({"a": 1}, [1], False),
        ({"a": 1}, "a", False),
    ],
)
def test_values_that_are_the_same(mine: Any, real: Any, alike: bool) -> None:
    assert same(mine, real) is alike


@pytest.mark.parametrize(
    ("value", "ordered"),
    [
        (["b", "a"], ["a", "b"]),
        (["b", 1], ["b", 1]),
        ([], []),
        ({"followed": ["b", "a"], "skipped": ["d", "c"]}, {"followed": ["a", "b"], "skipped": ["c", "d"]}),
        ({"skipped": ["b", "a"]}, {"skipped": ["a", "b"]}),
        ({"followed": "b"}, {"followed": "b"}),
        ({"followed": ["b", "a"], "more": ["b", "a"]}, {"followed": ["b", "a"], "more": ["b", "a"]}),
        ({}, {}),
        ("ba", "ba"),
    ],
)
def test_only_the_order_that_a_set_leaves_open_is_not_compared(value: Any, ordered: Any) -> None:
    assert in_order(value) == ordered


def test_what_only_a_simulation_has_is_left_out() -> None:
    world = World()
    world.set_variable("region", "eu")
    world.stub("a.b", {"returns": 1, "takes": "1h"}, {"raises": "503", "takes": 3})
    world.command("a.c", ["true"])
    world.trigger("a.b", event=1)
    world.set_duration("a.b", 60)
    world.at("+1h", print)
    world.fault("fails", "a.b")
    world.chaos(0.5)
    bare = as_it_is(world)
    assert (bare.triggers, bare.durations, bare.events, bare.faults, bare.drawn_faults) == ({}, {}, [], [], None)
    assert bare.stubs == {"a.b": Stub(tries=(Stub(returns=1), Stub(raises="503")))}  # on both sides, without its time
    assert bare.commands == {"a.c": ("true",)}
    assert bare.variables == {"region": "eu"}
