"""What threads of processes wait with: limits, gates, locks seen from outside; and who wakes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import pytest

from harness.kernel import SECOND, Simulation
from harness.kernel.threads import virtual
from harness.kernel.threads.virtual import BackgroundThreads, VirtualThreads, here, position_of, waits_for_lock
from harness.kernel.threads.waits import Gate, Limit


class Clock:
    """Real seconds, as a test has them."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def vthreads() -> VirtualThreads:
    return VirtualThreads(Simulation(0), Clock())


class TestLimits:
    def test_a_virtual_one_is_a_span_and_never_over_by_itself(self, vthreads: VirtualThreads) -> None:
        limit = Limit(vthreads, 2.5, virtual=True)
        vthreads.clock.now += 1000  # type: ignore[attr-defined]
        assert (limit.by, limit.over()) == (2_500_000, False)

    def test_a_real_one_is_over_at_its_end(self, vthreads: VirtualThreads) -> None:
        limit = Limit(vthreads, 2.5, virtual=False)
        assert (limit.by, limit.over()) == (None, False)
        vthreads.clock.now = 102.4  # type: ignore[attr-defined]
        assert not limit.over()
        vthreads.clock.now = 102.5  # type: ignore[attr-defined]
        assert limit.over()

    @pytest.mark.parametrize("virtual", [True, False])
    def test_none_is_none(self, vthreads: VirtualThreads, virtual: bool) -> None:
        limit = Limit(vthreads, None, virtual)
        vthreads.clock.now += 1000  # type: ignore[attr-defined]
        assert (limit.by, limit.over()) == (None, False)


class TestGates:
    def test_it_is_closed_until_it_is_opened_and_then_passed_for_good(self) -> None:
        gate = Gate()
        assert not gate.is_open()
        assert not gate.enter(0)
        gate.open()
        assert gate.is_open()
        assert gate.enter(0)
        assert gate.enter(0), "who has passed has passed"

    def test_to_open_it_twice_is_no_error(self) -> None:
        gate = Gate()
        gate.open()
        gate.open()
        assert gate.enter(0)


def standing(work: Callable[[], object], let_go: Callable[[], object]) -> bool:
    """Whether a thread that does this is seen to wait for a lock, once it stands still."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        place, same = position_of(thread), 0
        while same < 3:
            time.sleep(0.005)
            now = position_of(thread)
            place, same = now, same + 1 if now == place else 0
        assert place is not None
        return waits_for_lock(place)
    finally:
        let_go()
        thread.join(5)
        assert not thread.is_alive()


class TestLocks:
    @pytest.fixture
    def lock(self) -> Any:
        lock = threading.Lock()
        lock.acquire()
        return lock

    def test_a_with_statement_at_its_entry(self, lock: Any) -> None:
        def work() -> None:
            with lock:
                pass

        assert standing(work, lock.release)

    def test_a_call_of_acquire(self, lock: Any) -> None:
        def work() -> None:
            lock.acquire()

        assert standing(work, lock.release)

    def test_a_queue_written_in_c(self) -> None:
        queue: SimpleQueue[int] = SimpleQueue()

        def work() -> None:
            queue.get()

        assert standing(work, lambda: queue.put(1))

    def test_what_only_works_or_sleeps_does_not(self) -> None:
        over: list[bool] = []

        def sleeps() -> None:
            while not over:
                time.sleep(0.02)

        assert not standing(sleeps, lambda: over.append(True))

    def test_a_thread_that_has_no_frame_stands_nowhere(self) -> None:
        assert position_of(None) is None
        assert position_of(threading.Thread()) is None


class TestSleepersInTheBackground:
    @pytest.fixture(autouse=True)
    def _patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """On a busy machine a thread may come late by more than the few milliseconds that are usual."""
        monkeypatch.setattr(virtual, "STILL_S", 0.25)

    def test_they_wake_in_the_order_of_their_instants(self) -> None:
        background, woken, begin = BackgroundThreads(), [], threading.Barrier(3)

        def sleeps(until: int) -> None:
            begin.wait(5)
            background.sleep(until)
            woken.append(until)

        threads = [threading.Thread(target=sleeps, args=(until,)) for until in (30, 10, 20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert woken == [10, 20, 30]

    def test_of_one_instant_who_came_first(self) -> None:
        background, woken = BackgroundThreads(), []

        def sleeps(name: str) -> None:
            background.sleep(10)
            woken.append(name)

        threads = [threading.Thread(target=sleeps, args=(name,)) for name in "ab"]
        with background._changed:
            for number, thread in enumerate(threads, 1):
                thread.start()
                background._changed.wait_for(lambda number=number: len(background._queue) == number, 5)
        for thread in threads:
            thread.join(5)
        assert woken == ["a", "b"]

    def test_the_earliest_waits_for_who_may_yet_come(self) -> None:
        background, woken = BackgroundThreads(), []

        def sleeps(until: int) -> None:
            background.sleep(until)
            woken.append(until)

        late = threading.Thread(target=sleeps, args=(20,))
        late.start()
        time.sleep(0.05)
        early = threading.Thread(target=sleeps, args=(10,))
        early.start()
        for thread in (late, early):
            thread.join(5)
        assert woken == [10, 20]


class TestBookkeeping:
    """Threads that a simulation knows, without a process that would run them."""

    @pytest.fixture
    def process(self, vthreads: VirtualThreads) -> Any:
        return vthreads.simulation.spawn(lambda: None)

    def test_it_is_true_while_a_thread_lives(self, vthreads: VirtualThreads, process: Any) -> None:
        assert not vthreads
        one = vthreads.add(process)
        assert vthreads
        vthreads.end(one)  # it never began
        assert not vthreads

    def test_loose_ones_are_nobodys_business(self, vthreads: VirtualThreads, process: Any) -> None:
        vthreads.add(process, loose=True)
        assert not vthreads

    def test_the_calling_thread_is_it_between_begin_and_end(self, vthreads: VirtualThreads, process: Any) -> None:
        outer, inner = vthreads.add(process), vthreads.add(process)
        assert here() is None
        assert vthreads.begin(outer) is None
        assert here() is outer
        before = vthreads.begin(inner)
        assert (here(), before) == (inner, outer)
        vthreads.end(inner, before)
        assert here() is outer
        vthreads.end(outer)
        assert here() is None

    def test_when_the_simulation_is_over_it_is_none(self, vthreads: VirtualThreads, process: Any) -> None:
        one = vthreads.add(process)
        vthreads.begin(one)
        vthreads.close()
        assert here() is None
        assert not vthreads
        vthreads.end(one)

    @pytest.mark.parametrize(
        ("soon", "closed", "by", "rested"),
        [(True, False, None, True), (True, True, None, False), (True, False, 5 * SECOND, True)],
    )
    def test_a_rest_ends_when_what_it_waits_for_comes_or_the_simulation_is_over(
        self, vthreads: VirtualThreads, process: Any, soon: bool, closed: bool, by: int | None, rested: bool
    ) -> None:
        one = vthreads.add(process)
        seen: list[Any] = []

        def block(_: float) -> bool:
            seen.append((one.resting, one.due, vthreads.background_threads()))
            vthreads.closed = closed
            return soon

        assert vthreads.rest(one, block, lambda: soon, by) is rested
        assert seen == [(True, by, by is not None)]
        assert (one.resting, one.due, one.soon(), vthreads.background_threads()) == (False, None, False, False)

    def test_one_whose_instant_came_first_did_not_get_what_it_waited_for(
        self, vthreads: VirtualThreads, process: Any
    ) -> None:
        one = vthreads.add(process)

        def block(_: float) -> bool:
            one.expired = True
            return False

        assert not vthreads.rest(one, block, lambda: False, 5)

    def test_it_rests_in_a_thread_that_waits_with_nothing_to_come(self, vthreads: VirtualThreads, process: Any) -> None:
        one, me, seen = vthreads.add(process), threading.current_thread(), []
        assert not vthreads.rests_in(me)
        before = vthreads.begin(one)
        coming: list[bool] = [False, True]

        def block(_: float) -> bool:
            seen.append(vthreads.rests_in(me))
            return bool(coming.pop(0)) if len(coming) > 1 else True

        vthreads.rest(one, block, lambda: coming == [True], None)
        assert seen == [True, False]
        vthreads.end(one, before)
