"""How processes end: by themselves, killed at once or with a grace, by an exit that nobody caught."""

import asyncio
import threading
import time

import pytest

from harness.errors import AlreadySimulating
from harness.kernel import SECOND, ProcessKilled, Simulation, StrayExit
from harness.kernel.patches import time_patched
from harness.kernel.simulation import KILLS


@pytest.mark.parametrize("escapes", [SystemExit(0), GeneratorExit(), asyncio.CancelledError()])
def test_an_exit_that_escapes_is_an_error(escapes):
    def leaves():
        raise escapes

    simulation = Simulation(0)
    simulation.spawn(leaves, name="leaver")
    with pytest.raises(StrayExit, match=r"escaped from 'leaver'") as caught:
        simulation.run_until()
    assert caught.value.__cause__ is escapes
    assert not simulation.processes


@pytest.mark.parametrize("passes", [KeyboardInterrupt(), LookupError(), pytest.skip.Exception()])
def test_errors_ctrl_c_and_outcomes_stay_what_they_are(passes):
    def fails():
        raise passes

    simulation = Simulation(0)
    simulation.spawn(fails)
    with pytest.raises(type(passes)):
        simulation.run_until()


@pytest.mark.parametrize(("grace", "shielded", "expected"), [
    (0, False, ["interrupted"]),
    (5, False, ["interrupted", "cleaned up"]),
    (2, False, ["interrupted"]),
    (5, True, ["worked"]),
    (2, True, ["interrupted"]),
])  # fmt: skip
def test_a_kill_and_its_grace(grace, shielded, expected):
    done = []

    def work():
        try:
            time.sleep(3)
            done.append("worked")
        except ProcessKilled:
            done.append("interrupted")
            time.sleep(3)
            done.append("cleaned up")

    simulation = Simulation(0)
    with time_patched(simulation):
        process = simulation.spawn(work)
        process.shielded = shielded
        simulation.schedule(1, simulation.kill, process, grace * SECOND)
        simulation.run_until()
    assert done == expected
    assert not simulation.processes


def test_a_grace_may_be_as_short_as_time_has_steps():
    done = []

    def work():
        try:
            simulation.hold(10)
        except ProcessKilled:
            simulation.hold(0)
            done.append(simulation.now)
            simulation.hold(1)
            done.append("more")

    simulation = Simulation(0)
    process = simulation.spawn(work)
    simulation.schedule(5, simulation.kill, process, 1)
    simulation.run_until()
    assert done == [5]


def test_one_that_catches_every_kill_is_given_up_and_told():
    def stubborn():
        while True:
            try:
                time.sleep(60)
            except BaseException:
                kills.append(simulation.now)

    told, kills = [], []
    simulation = Simulation(0)
    simulation.survived = told.append
    with time_patched(simulation):
        process = simulation.spawn(stubborn)
        simulation.run_until(1)
        simulation.kill(process)
    assert told == [process]
    assert len(kills) == KILLS == 100
    assert not simulation.processes


def test_a_second_simulation_is_refused_wherever_it_is_asked_for():
    seen = []

    def nested():
        with pytest.raises(AlreadySimulating, match="already runs") as caught, time_patched(Simulation(0)):
            pass
        seen.append(caught.value)

    simulation = Simulation(0)
    simulation.spawn(nested)
    with time_patched(simulation):
        simulation.run_until()
        thread = threading.Thread(target=nested)
        thread.start()
        thread.join()
    assert "TriggerDagRunOperator" in (seen[0].fix or "")
    assert "one after the other" in (seen[1].fix or "")
