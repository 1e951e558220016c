"""Which threads are at rest, and how long the clock waits for the others: looks taken one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.kernel import SECOND
from harness.kernel.threads import virtual
from harness.kernel.threads.virtual import VirtualThread, VirtualThreads
from tests.unit.kernel.kernel_builders import Clock, asks_for, looks_until, standing_at


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


class TestRests:
    @pytest.mark.parametrize(
        ("got", "expired", "rested"),
        [(True, False, True), (True, True, False), (False, True, False)],
        ids=["it came", "it came with the instant", "the instant came"],
    )
    def test_what_ends_it(self, vthreads: VirtualThreads, process: Any, got: bool, expired: bool, rested: bool) -> None:
        one, blocked = vthreads.add(process), []

        def block(real_s: float) -> bool:
            blocked.append((one.resting, one.expired, one.due))
            one.expired, one.woken, one.still = expired, True, 7
            return got

        assert vthreads.rest(one, block, lambda: False, 5) is rested
        assert blocked == [(True, False, 5)]
        assert (one.resting, one.due, one.woken, one.still) == (False, None, False, 0)

    @pytest.mark.parametrize(("by", "due"), [(-1, 0), (0, 0), (1, 1)])
    def test_a_span_below_none_is_none(self, vthreads: VirtualThreads, process: Any, by: int, due: int) -> None:
        one, dues = vthreads.add(process), []
        vthreads.rest(one, lambda _: bool(dues.append(one.due)) or True, lambda: True, by)
        assert dues == [due]

    def test_of_a_process_that_is_gone_nothing_goes_on_behind_it(self, vthreads: VirtualThreads, process: Any) -> None:
        one = vthreads.add(process)
        one.gone = True
        with pytest.raises(virtual.ProcessGone):
            vthreads.rest(one, lambda _: True, lambda: True, None)
        assert not one.resting

    def test_who_is_waited_for_in_vain_for_long_counts_as_resting(self, vthreads: VirtualThreads, process: Any) -> None:
        one, me = vthreads.add(process), threading.current_thread()
        one.thread, one.waited = me, 59.9
        assert not vthreads.rests_in(me)
        one.waited = 60.0
        assert vthreads.rests_in(me)
        one.thread = None
        assert not vthreads.rests_in(me)

    def test_one_that_never_asked_for_anything_waits_for_nothing(self) -> None:
        assert not virtual.waits_for_lock((asks_for.__code__, -1))


class TestEnds:
    @pytest.mark.parametrize(("pooled", "begun", "left"), [(True, True, 0), (False, False, 0), (False, True, 1)])
    def test_only_a_thread_that_has_begun_is_kept_until_it_is_gone(
        self, vthreads: VirtualThreads, process: Any, pool: ThreadPoolExecutor, pooled: bool, begun: bool, left: int
    ) -> None:
        one = vthreads.add(process, pool if pooled else None)
        before = vthreads.begin(one) if begun else None
        vthreads.end(one, before)
        assert (one.ended, len(vthreads._living), virtual.here()) == (True, left, None)

    def test_what_another_thread_ends_leaves_this_one_as_it_is(self, vthreads: VirtualThreads, process: Any) -> None:
        mine, other = vthreads.add(process), vthreads.add(process)
        vthreads.begin(mine)
        vthreads.end(other)
        assert virtual.here() is mine
        vthreads.end(mine)

    def test_the_end_of_the_simulation_wakes_who_rests(self, vthreads: VirtualThreads, process: Any) -> None:
        one, woken = vthreads.add(process), []
        one.wake = lambda: woken.append(one)
        vthreads._watches[process] = virtual.WakeCondition(lambda: False, lambda: False)
        vthreads.close()
        assert (woken, bool(vthreads), vthreads._watches) == ([one], False, {})


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
