"""Tracers of processes: one each under coverage, used again, and none where nobody or another traces."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from harness.kernel import Simulation
from harness.kernel.tracing import Tracers


def tracer(module: str) -> Any:
    """A trace function, as far as it can be told whose it is."""

    def trace(*_: Any) -> None: ...

    trace.__module__ = module
    return trace


class OfClass:
    """As coverage's tracer in C: an object whose class says where it is from."""

    __module__ = "coverage.tracer"


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``traced(here, in_threads)``: what ``sys`` and ``threading`` say traces."""

    def pretend(here: Any, in_threads: Any) -> None:
        monkeypatch.setattr(sys, "gettrace", lambda: here)
        monkeypatch.setattr(threading, "gettrace", lambda: in_threads)

    return pretend


COVERAGE = tracer("coverage.pytracer")


@pytest.mark.parametrize("here", [COVERAGE, OfClass()], ids=["a function", "an object"])
def test_under_coverage_a_process_has_the_one_that_a_thread_would_have(traced: Any, here: Any) -> None:
    traced(here, COVERAGE)
    assert Tracers().fresh() is COVERAGE


@pytest.mark.parametrize(
    ("here", "in_threads"),
    [
        (None, COVERAGE),
        (tracer("pydevd.tracing"), COVERAGE),
        (tracer("coverage_of_mine"), COVERAGE),
        (COVERAGE, None),
        (COVERAGE, tracer("pydevd.tracing")),
    ],
)
def test_nobody_elses_is_taken(traced: Any, here: Any, in_threads: Any) -> None:
    traced(here, in_threads)
    assert Tracers().fresh() is None


def test_that_of_an_ended_process_serves_the_next_but_only_one(traced: Any) -> None:
    traced(COVERAGE, COVERAGE)
    tracers, used = Tracers(), tracer("coverage.pytracer")
    tracers.give_back(used)
    assert tracers.fresh() is used
    assert tracers.fresh() is COVERAGE
    tracers.give_back(None)
    tracers.give_back(tracer("pydevd.tracing"))
    assert tracers.fresh() is COVERAGE


@pytest.mark.parametrize(
    ("outer", "in_threads", "inside"),
    [
        (COVERAGE, tracer("coverage.pytracer"), "in_threads"),
        (tracer("pydevd.tracing"), COVERAGE, "outer"),
        (None, COVERAGE, "outer"),
    ],
    ids=["coverage", "a debugger", "nobody"],
)
def test_a_process_is_traced_as_a_thread_under_coverage_and_else_as_the_main_loop(
    outer: Any, in_threads: Any, inside: str
) -> None:
    simulation, seen = Simulation(0), []

    def work() -> None:
        seen.append(sys.gettrace())
        simulation.hold(1)
        seen.append(sys.gettrace())

    before = Simulation(0)
    before.spawn(int)
    before.run_until()  # so that who measures which lines a test runs sees these: below it sees nothing
    for _ in range(2):
        simulation.spawn(work)
    former = sys.gettrace(), threading.gettrace()
    try:
        sys.settrace(outer)
        threading.settrace(in_threads)
        simulation.run_until()
        afterwards = sys.gettrace()
    finally:
        sys.settrace(former[0])
        threading.settrace(former[1])
    assert seen == [in_threads if inside == "in_threads" else outer] * 4
    assert afterwards is outer


def test_a_process_keeps_its_tracer_until_it_ends() -> None:
    simulation, made, given_back, seen = Simulation(0), [], [], []

    def fresh() -> Any:
        made.append(tracer("coverage.pytracer"))
        return made[-1]

    def body() -> None:
        for _ in range(2):
            simulation.hold(5)
            seen.append((sys.gettrace(), list(given_back)))

    simulation.tracers = SimpleNamespace(fresh=fresh, give_back=given_back.append)  # type: ignore[assignment]
    simulation.spawn(body)
    former = sys.gettrace()
    outer = tracer("coverage.pytracer")
    sys.settrace(outer)
    try:
        simulation.run_until()
        after = sys.gettrace()
    finally:
        sys.settrace(former)
    assert (len(made), given_back, after) == (1, made, outer)
    assert seen == [(made[0], []), (made[0], [])]
