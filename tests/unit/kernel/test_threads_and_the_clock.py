"""Who goes on when, of threads and of processes that wait for them, and what is waited for in real time."""

from __future__ import annotations

from typing import Any

import pytest

from harness.kernel.threads import virtual
from harness.kernel.threads.virtual import VirtualThread, VirtualThreads
from tests.unit.kernel.kernel_builders import Clock


class TestWatches:
    """A process parks until something holds; who wakes it for nothing is in vain, or enough ``once``."""

    @pytest.mark.parametrize(
        ("by", "once", "asked", "over"),
        [
            (None, False, {"ready": 3}, 3),
            (5, False, {"ready": 3}, 3),
            (5, False, {"ready": 9}, 5),
            (None, True, {"ready": 9}, 2),
            (5, True, {"ready": 9}, 2),
            (0, False, {"ready": 9}, 0),
            (-1, False, {"ready": 9}, 0),
            (None, False, {"ready": 0}, 0),
        ],
    )
    def test_until_when(
        self, vthreads: VirtualThreads, by: int | None, once: bool, asked: dict[str, int], over: int
    ) -> None:
        simulation, ended = vthreads.simulation, []

        def waits() -> None:
            vthreads.watch(lambda: simulation.now >= asked["ready"], by, "it", once=once)
            ended.append((simulation.now, dict(vthreads._watches)))

        parked = simulation.spawn(waits)
        for at in (2, 3, 9):
            simulation.schedule(at, simulation.wake, parked)
        simulation.run_until()
        assert ended == [(over, {})]

    def test_one_that_is_ended_does_not_wait_for_threads_first(self, vthreads: VirtualThreads, clock: Clock) -> None:
        simulation, ended = vthreads.simulation, []

        def waits() -> None:
            vthreads.add(parked)  # that never rests
            parked.killed = True
            began = clock.now
            vthreads.watch(lambda: True, None, "it")
            ended.append(clock.now - began)

        parked = simulation.spawn(waits)
        simulation.run_until()
        assert ended == [0.0]


class TestInstants:
    """A thread's instant has come."""

    @pytest.fixture
    def one(self, vthreads: VirtualThreads, process: Any) -> VirtualThread:
        vthreads.simulation.step()
        one = vthreads.add(process)
        one.resting, one.due, one.waited = True, 5, 60.0  # nobody waits for what it does then
        return one

    @pytest.mark.parametrize(
        ("killed", "alive", "gone"),
        [(False, True, False), (False, False, False), (True, False, True), (True, True, False)],
    )
    def test_it_goes_on_unless_its_process_was_ended(
        self, vthreads: VirtualThreads, one: VirtualThread, killed: bool, alive: bool, gone: bool
    ) -> None:
        woken: list[bool] = []
        one.wake = lambda: woken.append(one.woken)
        one.process.killed, one.process.alive = killed, alive
        vthreads._expire(one, 5)
        assert (one.expired, one.resting, one.gone, woken) == (True, False, gone, [True])
        one.wake()
        assert woken == [True], "once"

    @pytest.mark.parametrize(("resting", "due"), [(False, 5), (True, 6), (True, None)])
    def test_one_that_went_on_before_or_rests_anew_is_left_alone(
        self, vthreads: VirtualThreads, one: VirtualThread, resting: bool, due: int | None
    ) -> None:
        one.resting, one.due = resting, due
        vthreads._expire(one, 5)
        assert (one.expired, one.woken) == (False, False)

    def test_the_earliest_is_the_first_of_one_instant_that_has_not_gone_on(
        self, vthreads: VirtualThreads, one: VirtualThread, process: Any
    ) -> None:
        found = []
        for due, resting, expired in ((5, True, False), (4, True, True), (3, False, False), (None, True, False)):
            other = vthreads.add(process)
            other.due, other.resting, other.expired = due, resting, expired
            found.append(other)
        assert vthreads._earliest() is one
        assert vthreads.background_threads()
        one.expired = True
        assert vthreads._earliest() is found[0]
        found[0].resting = False
        assert vthreads._earliest() is None
        assert not vthreads.background_threads()


class TestTheNextInstant:
    """What comes first: a thread's, or what stands in the queue."""

    @pytest.fixture(autouse=True)
    def _ticks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(virtual, "real_wait", lambda condition, timeout: False)

    def resting(self, vthreads: VirtualThreads, process: Any, due: int | None) -> VirtualThread:
        one = vthreads.add(process)
        one.resting, one.due = True, due
        return one

    @pytest.mark.parametrize(("at", "due"), [(9, 5), (5, 5), (4, None), (None, None)])
    def test_a_thread_that_is_due_first_is_put_in_the_queue(
        self, vthreads: VirtualThreads, process: Any, at: int | None, due: int | None
    ) -> None:
        vthreads.simulation.step()  # the process, which is over
        self.resting(vthreads, process, 9)
        self.resting(vthreads, process, 5)
        vthreads.before(at)
        assert vthreads.simulation.peek() == due

    @pytest.mark.parametrize("watched", [False, True])
    def test_where_nothing_else_is_left_only_who_is_waited_for_sleeps_on(
        self, vthreads: VirtualThreads, process: Any, watched: bool
    ) -> None:
        vthreads.simulation.step()
        self.resting(vthreads, process, 5)
        if watched:
            vthreads._watches[process] = virtual.WakeCondition(lambda: False, lambda: False)
        vthreads.before(None)
        assert vthreads.simulation.peek() == (5 if watched else None)

    @pytest.mark.parametrize(("rests", "patience_s"), [(True, 2), (False, 600)])
    def test_what_never_comes_is_waited_for_in_real_time(
        self, vthreads: VirtualThreads, process: Any, clock: Clock, rests: bool, patience_s: int
    ) -> None:
        one = self.resting(vthreads, process, None)
        one.resting, one.waited = rests, 60.0
        vthreads._watches[process] = virtual.WakeCondition(lambda: False, lambda: False)
        began = clock.now
        vthreads.before(None)
        assert clock.now - began == patience_s + 0.5, "a look before it, and one behind"

    def test_it_ends_at_once_when_it_comes(self, vthreads: VirtualThreads, clock: Clock) -> None:
        simulation, woken, answers = vthreads.simulation, [], [False] * 5

        def waits() -> None:
            simulation.park()
            woken.append(simulation.now)

        parked = simulation.spawn(waits)
        simulation.step()
        vthreads._watches[parked] = virtual.WakeCondition(lambda: not answers or bool(answers.pop()), lambda: False)
        began = clock.now
        vthreads.before(None)
        assert clock.now - began < virtual.REST_PATIENCE_S
        simulation.run_until()
        assert woken == [0]

    def test_nobody_at_all_costs_nothing(self, vthreads: VirtualThreads, clock: Clock) -> None:
        began = clock.now
        vthreads.before(None)
        vthreads.settle()
        assert clock.now == began
