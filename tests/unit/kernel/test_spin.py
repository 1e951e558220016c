"""Code that never waits, only lets others go first: its timeouts come all the same."""

import asyncio
import threading
import time

import pytest

from harness.kernel import spin
from tests.unit.kernel.test_greenlets import simulate


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
