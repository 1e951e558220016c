"""Code that never waits, only lets others go first: its timeouts come all the same."""

import asyncio
import threading
import time

import pytest

from harness.kernel import Instant, spin
from harness.kernel.instant import later
from tests.unit.kernel.test_greenlets import START, simulate


def test_a_timeout_ends_a_loop_that_only_yields():
    def yields():
        async def forever():
            while True:
                await asyncio.sleep(0)

        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(asyncio.wait_for(forever(), 1))

    assert simulate(yields)["yields"][1] == 1


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_deadline_ends_a_loop_of_sleeps_of_nothing(in_thread):
    def spins():
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            time.sleep(0)

    def polls():
        if not in_thread:
            return spins()
        thread = threading.Thread(target=spins)
        thread.start()
        return thread.join()

    assert 0.1 <= simulate(polls)["polls"][1] < 0.15


def test_one_that_spins_sees_what_another_does_later():
    given = []

    def waits():
        async def until_given():
            while not given:
                await asyncio.sleep(0)

        asyncio.run(until_given())

    def gives():
        time.sleep(0.5)
        given.append(1)

    done = simulate(waits, gives)
    assert 0.5 <= done["waits"][1] < 0.52


def test_hours_of_spinning_are_no_hours_of_computing(monkeypatch):
    monkeypatch.setattr(spin, "PATIENT", 2_000)
    monkeypatch.setattr(spin, "EVERY", 10)

    def patient():
        async def forever():
            while True:
                await asyncio.sleep(0)

        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(asyncio.wait_for(forever(), 3_600))

    assert simulate(patient)["patient"][1] == 3_600


def test_turns_that_end_take_no_time():
    def polite():
        async def work():
            for _ in range(900):
                await asyncio.sleep(0)

        for _ in range(3):
            asyncio.run(work())
            time.sleep(1)

    assert simulate(polite)["polite"][1] == 3


class TestTheTurnsOfOne:
    def test_the_first_thousand_are_free_and_then_every_hundredth_takes_what_a_hundred_take(self):
        one = spin.Spin()
        passed = [one.turn(0) for _ in range(1_000)] + [one.turn(0) for _ in range(99)]
        assert not any(passed)
        assert one.turn(0) == 10_000
        assert [one.turn(10_000) for _ in range(100)] == [0] * 99 + [10_000]

    def test_they_are_counted_anew_when_time_has_passed_otherwise(self):
        one = spin.Spin()
        for _ in range(1_099):
            one.turn(0)
        assert not any(one.turn(5) for _ in range(1_000))

    @pytest.mark.parametrize(("most", "passes"), [(None, 10_000), (50_000, 10_000), (7, 7), (0, 0), (-3, 0)])
    def test_never_more_than_until_something_else_is_due(self, most, passes):
        one = spin.Spin()
        for _ in range(1_099):
            one.turn(0, most)
        assert one.turn(0, most) == passes

    def test_who_can_only_be_waiting_leaps_by_a_hundredth_of_what_it_spun(self, monkeypatch):
        monkeypatch.setattr(spin, "PATIENT", 201_000)
        one, now, leaps = spin.Spin(), START, []
        for _ in range(201_200):
            passes = one.turn(now)
            now += passes
            if passes:
                leaps.append(passes)
        assert leaps == [10_000] * 2_000 + [200_000, 202_000]


def test_a_thousand_turns_are_free_and_of_those_behind_them_every_hundredth_takes_time() -> None:
    turns = spin.Spin()
    took = {n: passes for n in range(1, 1301) if (passes := turns.turn(Instant(5)))}
    assert took == {1100: 10_000}, "from then on it is another instant"
    now, times = Instant(5), []
    turns = spin.Spin()
    for n in range(1, 1301):
        passes = turns.turn(now)
        now = later(now, passes)
        times += [n] if passes else []
    assert times == [1100, 1200, 1300]
