"""The queue of a simulation: its order, what is taken out of it, where it stops; and holds, wakes and kills."""

from __future__ import annotations

import pytest
from greenlet import getcurrent

from harness.kernel import SECOND, ProcessKilled, Simulation, StuckClock
from harness.kernel import simulation as module
from harness.kernel.simulation import LAST, LATE, NORMAL, URGENT


class Clock:
    def __init__(self) -> None:
        self.moves: list[int] = []

    def advance(self, by: int) -> None:
        self.moves.append(by)


@pytest.fixture
def done() -> list[object]:
    return []


class TestOrder:
    def test_by_time_then_priority_then_who_came_first(self, done: list[object]) -> None:
        simulation = Simulation(0)
        for at, priority, name in [
            (2, NORMAL, "2"),
            (1, LAST, "last"),
            (1, LATE, "late"),
            (1, NORMAL, "a"),
            (1, NORMAL, "b"),
            (1, URGENT, "urgent"),
        ]:
            simulation.schedule(at, done.append, name, priority=priority)
        simulation.run_until()
        assert done == ["urgent", "a", "b", "late", "last", "2"]

    def test_the_past_is_now(self, done: list[object]) -> None:
        simulation = Simulation(5)
        event = simulation.schedule(3, done.append, 1)
        assert (event.at, simulation.peek()) == (5, 5)
        simulation.run_until()
        assert (done, simulation.now) == ([1], 5)

    def test_what_is_cancelled_neither_happens_nor_is_to_come(self, done: list[object]) -> None:
        simulation = Simulation(0)
        first, second = (simulation.schedule(at, done.append, at) for at in (1, 2))
        first.cancel()
        assert simulation.peek() == 2
        assert simulation.step()
        assert (done, simulation.now) == ([2], 2)
        second.cancel()
        assert not simulation.step()
        assert simulation.peek() is None

    def test_one_that_is_cancelled_behind_another_is_passed_over(self, done: list[object]) -> None:
        simulation = Simulation(0)
        event = simulation.schedule(1, done.append, 1)
        event.cancel()
        assert not simulation.step()
        assert simulation.now == 0

    def test_the_clock_moves_with_time_and_only_with_it(self, done: list[object]) -> None:
        clock = Clock()
        simulation = Simulation(0, clock)
        for at in (4, 4, 9):
            simulation.schedule(at, done.append, at)
        simulation.run_until()
        assert clock.moves == [4, 5]


class TestWhereItStops:
    def test_before_the_first_event_that_lies_behind_the_end(self, done: list[object]) -> None:
        simulation = Simulation(0)
        for at in (1, 5, 6):
            simulation.schedule(at, done.append, at)
        simulation.run_until(5)
        assert (done, simulation.now, simulation.peek()) == ([1, 5], 5, 6)

    def test_after_the_event_that_stops_it(self, done: list[object]) -> None:
        simulation = Simulation(0)
        simulation.schedule(1, simulation.stop, "enough")
        simulation.schedule(2, done.append, 2)
        simulation.run_until()
        assert (done, simulation.stopped) == ([], "enough")

    def test_what_goes_on_outside_is_asked_before_time_moves_and_may_bring_events(self, done: list[object]) -> None:
        simulation = Simulation(0)

        class Outside:
            asked: list[int | None] = []  # noqa: RUF012

            def before(self, at: int | None) -> None:
                self.asked.append(at)
                if at is None and "late" not in done:
                    simulation.schedule(7, done.append, "late")

        simulation.outside = Outside()
        for at in (0, 3):
            simulation.schedule(at, done.append, at)
        simulation.run_until()
        assert done == [0, 3, "late"]
        assert Outside.asked == [3, None, None]

    @pytest.mark.parametrize(("events", "stuck"), [(3, False), (4, True)])
    def test_too_much_at_one_instant_is_an_error(
        self, monkeypatch: pytest.MonkeyPatch, done: list[object], events: int, stuck: bool
    ) -> None:
        monkeypatch.setattr(module, "SAME_INSTANT_LIMIT", 3)
        simulation = Simulation(0)
        for at in (0, 1):
            for _ in range(events + at):  # the first of a new instant moves time
                simulation.schedule(at, done.append, at)
        if not stuck:
            simulation.run_until()
            assert len(done) == 2 * events + 1
            return
        with pytest.raises(StuckClock, match="3 events at 1970-01-01T00:00:00Z: something waits 0 s in a loop"):
            simulation.run_until()


class TestHolds:
    def test_one_goes_on_when_its_time_has_passed_and_not_before(self, done: list[object]) -> None:
        simulation = Simulation(0)

        def work() -> None:
            simulation.hold(3, "waits")
            done.append(simulation.now)
            simulation.hold(-3)
            done.append(simulation.now)

        process = simulation.spawn(work, name="worker")
        simulation.run_until(2)
        assert (process.waiting_for, process.alive, repr(process)) == ("waits", True, "<Process worker alive>")
        simulation.run_until()
        assert done == [3, 3]
        assert (process.waiting_for, process.alive, repr(process)) == (None, False, "<Process worker ended>")
        assert not simulation.processes

    def test_one_that_is_woken_goes_on_at_once_and_once(self, done: list[object]) -> None:
        simulation = Simulation(0)

        def work() -> None:
            for _ in range(2):
                simulation.hold(10)
                done.append(simulation.now)

        process = simulation.spawn(work)
        simulation.schedule(4, lambda: [simulation.wake(process), simulation.wake(process)])
        simulation.schedule(4, done.append, "beside")
        simulation.run_until()
        assert done == [4, "beside", 14]
        simulation.wake(process)
        assert simulation.peek() is None, "it has ended"

    def test_one_that_parks_keeps_nobody_going(self, done: list[object]) -> None:
        simulation = Simulation(0)
        process = simulation.spawn(lambda: done.append(simulation.park("for good")))
        simulation.run_until()
        assert (simulation.peek(), process.waiting_for, done) == (None, "for good", [])
        simulation.wake(process)
        simulation.run_until()
        assert (process.alive, done) == (False, [None])

    def test_nobody_holds_outside_a_process(self) -> None:
        for wait in (Simulation(0).park, lambda: Simulation(0).hold(1)):
            with pytest.raises(RuntimeError, match="belong inside a process"):
                wait()


class TestInterrupts:
    def test_an_exception_ends_the_wait_whose_end_then_does_not_come(self, done: list[object]) -> None:
        simulation = Simulation(0)

        def work() -> None:
            with pytest.raises(LookupError):
                simulation.hold(10)
            done.append(simulation.now)
            simulation.hold(20)
            done.append(simulation.now)

        process = simulation.spawn(work)
        simulation.run_until(4)
        simulation.now = 4
        assert simulation.interrupt(process, LookupError())
        simulation.run_until()
        assert done == [4, 24]
        assert not simulation.interrupt(process, LookupError()), "it has ended"

    def test_nobody_interrupts_himself(self, done: list[object]) -> None:
        simulation = Simulation(0)
        simulation.spawn(lambda: done.append(simulation.interrupt(simulation.current, LookupError())))  # type: ignore[arg-type]
        simulation.run_until()
        assert done == [False]

    def test_one_that_is_killed_before_it_began_never_begins(self, done: list[object]) -> None:
        simulation = Simulation(0)
        process = simulation.spawn(done.append, "began")
        assert not process.started
        simulation.kill(process, grace=5 * SECOND)
        assert (process.alive, process.started, process.killed) == (False, True, True)
        assert not simulation.processes
        simulation.run_until()
        assert done == []

    def test_all_are_ended_the_newest_first_and_nothing_is_left_to_happen(self, done: list[object]) -> None:
        simulation = Simulation(0)

        def work(name: str) -> None:
            try:
                simulation.hold(SECOND)
            except ProcessKilled:
                done.append(name)

        for name in "abc":
            simulation.spawn(work, name)
        simulation.run_until(0)
        simulation.close()
        assert done == ["c", "b", "a"]
        assert simulation.peek() is None
        assert not simulation.processes
        assert simulation.current is None


def test_a_process_finds_what_belongs_to_it_and_leaves_the_rest_as_it_was() -> None:
    simulation, state = Simulation(0), ["main"]

    class Ambient:
        def fresh(self) -> str:
            return "fresh"

        def swap(self, new: str) -> str:
            former, state[0] = state[0], new
            return former

    simulation.ambients.append(Ambient())
    seen: list[str] = []

    def work(name: str) -> None:
        seen.append(state[0])
        state[0] = name
        simulation.hold(1)
        seen.append(state[0])

    for name in "ab":
        simulation.spawn(work, name)
    simulation.run_until()
    assert seen == ["fresh", "fresh", "a", "b"]
    assert state == ["main"]
    assert simulation.main is getcurrent()
