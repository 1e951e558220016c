"""Which threads are at rest, how long the clock waits for the others, and who goes on when: looks taken one by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from harness.kernel import SECOND, Simulation
from harness.kernel.threads import virtual
from harness.kernel.threads.virtual import VirtualThread, VirtualThreads


class Clock:
    """Real seconds, as a test has them: each look at it takes some."""

    def __init__(self) -> None:
        self.now, self.a_look = 100.0, 0.25

    def __call__(self) -> float:
        self.now += self.a_look
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vthreads(clock: Clock) -> VirtualThreads:
    return VirtualThreads(Simulation(0), clock)


@pytest.fixture
def process(vthreads: VirtualThreads) -> Any:
    return vthreads.simulation.spawn(lambda: None)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def asks_for(lock: Any) -> None:
    with lock:
        pass


@contextmanager
def standing_at(place: str) -> Iterator[threading.Thread]:
    """A thread that stands still: where it sleeps, or asks for a lock."""
    lock, end = threading.Lock(), threading.Event()

    def sleeps() -> None:
        while not end.is_set():
            time.sleep(0.3)

    lock.acquire()
    thread = threading.Thread(target=sleeps if place == "sleep" else lambda: asks_for(lock), daemon=True)
    thread.start()
    wanted = "sleeps" if place == "sleep" else "asks_for"
    while (where := virtual.position_of(thread)) is None or where[0].co_name != wanted:
        time.sleep(0.001)
    time.sleep(0.02)
    try:
        yield thread
    finally:
        end.set()
        lock.release()
        thread.join(5)


def looks_until(question: Callable[[], bool], most: int = 200) -> int:
    """How many looks it takes until it is so."""
    return next(number for number in range(1, most) if question())


class TestWhereTheMainThreadStands:
    """A resting thread that finds the main one waiting for long takes it to wait for what a resting thread holds."""

    @pytest.fixture
    def one(self, vthreads: VirtualThreads, process: Any) -> VirtualThread:
        one = vthreads.add(process)
        one.resting, one.due = True, 5 * SECOND
        vthreads.simulation.current = process
        return one

    # The first look only tells where it stands.
    @pytest.mark.parametrize(("place", "looks"), [("sleep", 1 + 50), ("lock", 1 + 3)])
    def test_the_earliest_sleep_ends_early(
        self, vthreads: VirtualThreads, one: VirtualThread, place: str, looks: int
    ) -> None:
        with standing_at(place) as vthreads.simulation.thread:
            assert looks_until(lambda: vthreads._overtakes(one)) == looks
        assert one.expired

    def test_one_that_is_not_the_earliest_rests_on(
        self, vthreads: VirtualThreads, one: VirtualThread, process: Any
    ) -> None:
        other = vthreads.add(process)
        other.resting, other.due = True, 4 * SECOND
        with standing_at("lock") as vthreads.simulation.thread:
            assert not any(vthreads._overtakes(one) for _ in range(10))
            assert looks_until(lambda: vthreads._overtakes(other)) == 4
        assert (one.expired, other.expired) == (False, True)

    @pytest.mark.parametrize(
        "change",
        [
            lambda vthreads, one: setattr(one, "due", None),
            lambda vthreads, one: setattr(vthreads, "_settling", True),
            lambda vthreads, one: setattr(vthreads.simulation, "current", None),
        ],
        ids=["it has no instant", "the main thread waits for threads", "nobody runs"],
    )
    def test_where_that_says_nothing_nobody_goes_on_and_the_looks_begin_anew(
        self, vthreads: VirtualThreads, one: VirtualThread, process: Any, change: Callable[..., None]
    ) -> None:
        with standing_at("lock") as vthreads.simulation.thread:
            assert not any(vthreads._overtakes(one) for _ in range(3))
            change(vthreads, one)
            assert not any(vthreads._overtakes(one) for _ in range(200))
            one.due, vthreads._settling, vthreads.simulation.current = 5 * SECOND, False, process
            assert looks_until(lambda: vthreads._overtakes(one)) == 3, "it is known where it stands"

    def test_looks_begin_anew_where_it_moves(self, vthreads: VirtualThreads, one: VirtualThread) -> None:
        with standing_at("sleep") as there, standing_at("lock") as here:
            vthreads.simulation.thread = here
            assert not any(vthreads._overtakes(one) for _ in range(3))
            vthreads.simulation.thread = there
            assert not any(vthreads._overtakes(one) for _ in range(10))
            vthreads.simulation.thread = here
            assert looks_until(lambda: vthreads._overtakes(one)) == 4

    @pytest.mark.parametrize("by", [5 * SECOND, None])
    def test_a_rest_ends_so_too(self, vthreads: VirtualThreads, process: Any, by: int | None) -> None:
        one, looks = vthreads.add(process), []
        vthreads.simulation.current = process

        def block(real_s: float) -> bool:
            looks.append(real_s)
            return len(looks) == 9

        with standing_at("lock") as vthreads.simulation.thread:
            assert vthreads.rest(one, block, lambda: False, by) is (by is None)
        assert looks == [virtual.SLICE_S] * (4 if by else 9)


class TestBusy:
    """A thread is busy until it rests, or as long as its kind has patience."""

    @pytest.mark.parametrize(
        ("kind", "patience_s"), [("ended", 60), ("begun in a pool", 60), ("waited for", 5), ("left alone", 1)]
    )
    def test_each_kind_has_its_patience(
        self, vthreads: VirtualThreads, process: Any, pool: ThreadPoolExecutor, kind: str, patience_s: int
    ) -> None:
        one = vthreads.add(process, pool if "pool" in kind else None)
        one.thread, one.ended = threading.current_thread(), kind == "ended"
        if kind == "waited for":
            vthreads._watches[process] = virtual.WakeCondition(lambda: False, lambda: False)
        one.waited = patience_s - 0.01
        assert vthreads._is_busy(one)
        one.waited = patience_s
        assert not vthreads._is_busy(one)

    def test_one_that_rests_is_busy_when_it_is_about_to_go_on(self, vthreads: VirtualThreads, process: Any) -> None:
        one = vthreads.add(process)
        one.resting = True
        assert not vthreads._is_busy(one)
        one.soon = lambda: True
        assert vthreads._is_busy(one)

    def test_work_in_line_is_not_while_its_pool_is_full(
        self, vthreads: VirtualThreads, process: Any, pool: ThreadPoolExecutor
    ) -> None:
        first, second = vthreads.add(process, pool), vthreads.add(process, pool)
        assert [vthreads._is_busy(one) for one in (first, second)] == [True, True], "either may begin"
        first.thread = threading.current_thread()
        assert [vthreads._is_busy(one) for one in (first, second)] == [True, False]
        with ThreadPoolExecutor(1) as other:
            assert vthreads._is_busy(vthreads.add(process, other)), "a pool has room of its own"

    def test_one_that_asks_for_a_lock_for_long_is_at_rest(self, vthreads: VirtualThreads, process: Any) -> None:
        one = vthreads.add(process)
        with standing_at("lock") as one.thread:

            def is_busy() -> bool:
                one.observe(one.thread)
                return vthreads._is_busy(one)

            assert looks_until(lambda: not is_busy()) == 1 + 8
            one.woken = True
            assert is_busy(), "it may go on, and has not yet"

    def test_one_that_stands_elsewhere_is_not(self, vthreads: VirtualThreads, process: Any) -> None:
        one = vthreads.add(process)
        with standing_at("sleep") as one.thread:
            for _ in range(20):
                one.observe(one.thread)
            assert vthreads._is_busy(one)


class TestSettling:
    @pytest.fixture(autouse=True)
    def _ticks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody tells anything: each wait is a look at the clock."""
        monkeypatch.setattr(virtual, "real_wait", lambda condition, timeout: False)

    @pytest.mark.parametrize(("watched", "waited_s"), [(False, 1.0), (True, 5.0)])
    def test_it_waits_as_long_as_its_patience(
        self, vthreads: VirtualThreads, process: Any, clock: Clock, watched: bool, waited_s: float
    ) -> None:
        one, began = vthreads.add(process), clock.now
        if watched:
            vthreads._watches[process] = virtual.WakeCondition(lambda: False, lambda: False)
        vthreads.settle()
        assert one.waited == waited_s
        assert clock.now - began == waited_s + 0.25, "a look to begin with"
        vthreads.settle()
        assert clock.now - began == waited_s + 0.5, "patience is not had twice"

    def test_a_rest_gives_patience_anew(self, vthreads: VirtualThreads, process: Any) -> None:
        one = vthreads.add(process)
        vthreads.settle()
        assert one.waited == 1.0
        vthreads.rest(one, lambda _: True, lambda: True, None)
        assert (one.waited, one.still, one.woken) == (0.0, 0, False)

    def test_until_something_holds(self, vthreads: VirtualThreads, process: Any) -> None:
        one, answers = vthreads.add(process), [False, False, True]
        vthreads.settle(lambda: answers.pop(0))
        assert (one.waited, answers) == (0.5, [])

    def test_what_is_sure_to_come_is_waited_for_as_work_is(
        self, vthreads: VirtualThreads, process: Any, clock: Clock
    ) -> None:
        clock.a_look = 10.0
        pending, ready = [True], [False]
        watch = vthreads._watches[process] = virtual.WakeCondition(lambda: ready[0], lambda: pending[0])
        vthreads.settle()
        assert watch.waited == 60.0
        watch.waited, pending[0] = 0.0, False
        vthreads.settle()
        assert watch.waited == 0.0, "nothing is to come of itself"
        pending[0] = ready[0] = True
        vthreads.settle()
        assert watch.waited == 0.0, "it has come"

    def test_a_thread_that_has_ended_is_struck_off_once_it_is_gone(
        self, vthreads: VirtualThreads, process: Any
    ) -> None:
        one = vthreads.add(process)
        with standing_at("sleep") as one.thread:
            one.ended, one.waited = True, 60.0
            vthreads.settle()
            assert vthreads, "who joins it has to find it gone first"
        vthreads.settle()
        assert not vthreads

    def test_looks_are_taken_at_threads_that_do_not_rest_where_nothing_stirs(
        self, vthreads: VirtualThreads, process: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = vthreads.add(process)
        with standing_at("lock") as one.thread:
            clock.a_look = 0.0625
            vthreads.settle()
            assert one.waited == 9 * 0.0625, "eight looks behind the first it counts as resting"
            one.waited, one.position, one.still = 0.0, None, 0
            monkeypatch.setattr(virtual, "real_wait", lambda condition, timeout: True)
            vthreads.settle()
            assert (one.waited, one.position) == (1.0, None), "what was told may have moved it"


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
