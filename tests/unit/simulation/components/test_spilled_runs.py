"""Runs that were put aside: they come back as they were, and what cannot be put aside stays."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulation_builders import Act, Play

from harness.bridge.supervisor.handlers.xcom import keep
from harness.bridge.supervisor.store import facts, matching_xcoms
from harness.errors import MachineError
from harness.kernel import SECOND
from harness.scheduler.model import DagRun
from harness.simulation.components import spilled_runs
from harness.simulation.components.spilled_runs import RunsInMemory, SpilledRuns
from harness.simulation.history import history
from harness.simulation.results import run_result
from harness.simulation.what_if.capacity import capacity_of
from tests.unit.scheduler.scheduler_builders import NOW, dag, task, ti

TWO = dag(task("a", retries=1, retry_delay=60 * SECOND), task("b", "a"))
DAY = 86_400 * SECOND


@pytest.fixture
def spilling(play_of: Callable[..., Play], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """A simulation that keeps no run in memory that has ended, but for the last one."""
    monkeypatch.setattr(spilled_runs, "IN_MEMORY", 0)
    play = play_of()
    play.recorder.runs = SpilledRuns(play.recorder, tmp_path)
    return play


def played(play: Play, number: int = 4) -> list[DagRun]:
    """Runs of days that follow each other; the second one's first try fails, and each pushes its number."""
    runs = []
    for day in range(number):
        run = play.add(TWO, f"r{day}", logical_date=NOW + day * DAY)
        keep(run, "a", -1, "return_value", {"day": day})
        play.acts["a"] = [Act(state="up_for_retry", error=ValueError("no")), Act()] if day == 1 else [Act()]
        play.until()
        history(ti(run, "a")).log.add("info", f"day {day}")
        runs.append(run)
    return runs


def shown(run: DagRun) -> list[Any]:
    of_task = [(one.key, one.state, one.try_number, one.max_tries, one.start, one.end, one.reason) for one in tis(run)]
    attempts = [[replace(at, real_seconds=0) for at in history(one).attempts] for one in tis(run)]
    return [of_task, attempts, [history(one).log.text() for one in tis(run)]]


def tis(run: DagRun) -> list[Any]:
    return list(run.task_instances.values())


def test_runs_that_ended_are_elsewhere_and_come_back_as_they_were(play: Play, request: pytest.FixtureRequest) -> None:
    here, spilling = played(play), request.getfixturevalue("spilling")
    there = played(spilling)
    assert [run.fetch is None for run in there] == [False, False, False, True]
    assert [shown(run) for run in there] == [shown(run) for run in here]
    for one, other in zip(here, there, strict=True):
        assert facts(other).xcoms == facts(one).xcoms
        assert other.returned == one.returned == {"a": {-1}}
        assert spilling.recorder.events[other] == play.recorder.events[one]
    assert history(ti(there[1], "a")).attempts[0].state == "up_for_retry"


def test_whoever_comes_back_makes_room_for_itself(spilling: Play) -> None:
    runs = played(spilling)
    assert ti(runs[0], "b").state == "success"
    assert [run.fetch is None for run in runs] == [True, False, False, False]


def test_a_result_reads_runs_where_they_are_and_tells_the_same(play: Play, request: pytest.FixtureRequest) -> None:
    here, spilling = played(play), request.getfixturevalue("spilling")
    there = played(spilling)
    results = [run_result(run, spilling.recorder) for run in there]
    for result, run in zip(results, here, strict=True):
        whole = run_result(run, play.recorder)
        assert len(result.task_instances) == 2
        assert result.events == whole.events
        assert [one.to_json() for one in result.task_instances] == [
            {**one.to_json(), "xcoms": {}} for one in whole.task_instances
        ]
        assert whole.task("a").xcoms
        assert not result.task("a").xcoms  # they are in the ledger
    assert capacity_of(spilling.driver) == capacity_of(play.driver)
    assert [run.fetch is None for run in there] == [False, False, False, True]


def test_a_run_that_is_cleared_goes_on_from_what_it_was(spilling: Play) -> None:
    first = played(spilling)[0]
    spilling.driver.clear(first, ["b"])
    assert (ti(first, "a").state, ti(first, "b").state) == ("success", None)
    spilling.until()
    assert first.state == "success"
    played_again = ti(first, "b")
    assert [(one.try_number, one.state) for one in history(played_again).attempts] == [(1, "success"), (2, "success")]
    later = spilling.add(TWO, "later", logical_date=NOW + 9 * DAY)
    spilling.until()
    assert first.fetch is not None  # put aside again, with what came of it since
    assert ti(first, "b").try_number == 2
    assert ti(later, "b").try_number == 1


def test_xcoms_of_earlier_runs_are_looked_for_where_they_are_alone(spilling: Play) -> None:
    runs = played(spilling)
    newest = spilling.add(TWO, "newest", logical_date=NOW + 9 * DAY)
    assert list(matching_xcoms(spilling.store, "d", newest.run_id, "a", "other", prior=True)) == []
    assert [run.fetch is None for run in runs] == [False, False, False, True]
    found = matching_xcoms(spilling.store, "d", newest.run_id, "a", "return_value", prior=True)
    assert [next(found), next(found)] == [(-1, {"day": 3}), (-1, {"day": 2})]
    assert [run.fetch is None for run in runs] == [False, False, True, False]


def test_runs_do_not_come_back_for_a_state_that_no_task_instance_of_theirs_has(spilling: Play) -> None:
    runs = played(spilling)
    assert list(spilling.store.earlier_runs("d", None, "success")) == runs[::-1]
    assert list(spilling.store.earlier_runs("d", None, "failed")) == runs[:2:-1]
    assert [run.fetch is None for run in runs] == [False, False, False, True]
    ti(runs[1], "b").state = "failed"
    assert list(spilling.store.earlier_runs("d", runs[2].logical_date, "failed")) == [runs[1]]
    assert ti(runs[2], "b").state == "success"  # for which the other is put aside again
    assert list(spilling.store.earlier_runs("d", runs[2].logical_date, "failed")) == [runs[1]]
    assert [run.fetch is None for run in runs] == [False, False, True, False]


def test_a_backfills_runs_have_task_instances_when_somebody_asks(spilling: Play) -> None:
    run = DagRun(TWO, "r", "backfill", NOW, NOW, NOW, NOW)
    spilling.recorder.runs.begin(run)
    assert run.fetch is not None
    assert [one.key for one in spilling.recorder.runs.instances(run)] == [("a", -1), ("b", -1)]
    assert run.fetch is not None
    assert list(run.task_instances) == [("a", -1), ("b", -1)]
    assert run.fetch is None


def test_a_run_with_code_that_goes_on_stays(spilling: Play) -> None:
    run = spilling.add(TWO, "busy")
    spilling.until()
    process = spilling.simulation.spawn(lambda _: spilling.simulation.park(), run)
    played(spilling, 3)
    assert run.fetch is None
    spilling.simulation.kill(process)
    played(spilling, 1)
    assert run.fetch is not None


def test_nothing_is_lost_on_a_full_disk(spilling: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    runs = played(spilling)
    assert [run.fetch for run in runs] == [None] * 4
    assert [ti(run, "b").state for run in runs] == ["success"] * 4


def test_what_pickle_does_not_take_stays(spilling: Play) -> None:
    odd = spilling.add(TWO, "odd")
    facts(odd).xcoms["a", -1, "return_value"] = lambda: None
    runs = [odd, *played(spilling, 2)]
    assert [run.fetch is None for run in runs] == [True, False, True]


def test_a_file_that_a_task_closed_is_an_error_that_says_so(spilling: Play) -> None:
    runs = played(spilling)
    of_runs: Any = spilling.recorder.runs
    of_runs._file._file.close()
    with pytest.raises(MachineError, match="cannot be read back"):
        _ = runs[0].task_instances


def test_a_file_of_a_task_that_has_the_closed_ones_number_is_left_alone(spilling: Play, tmp_path: Path) -> None:
    runs, theirs = played(spilling, 2), tmp_path / "theirs"
    theirs.write_text("of a task")
    of_runs: Any = spilling.recorder.runs
    with theirs.open("r+") as opened:
        os.dup2(opened.fileno(), of_runs._file._file.fileno())
    runs += [spilling.add(TWO, f"later {number}") for number in range(3)]
    spilling.until()
    assert theirs.read_text() == "of a task"
    assert [run.fetch is None for run in runs] == [False, True, True, True, True]


def test_ctrl_c_while_a_run_comes_back_takes_nothing_of_it(spilling: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    first, made = played(spilling)[0], spilled_runs._instance

    def strikes(run: DagRun, state: tuple[Any, ...], rest: tuple[Any, ...] | None = None) -> Any:
        if state[0] == "b":
            raise KeyboardInterrupt
        return made(run, state, rest)

    with monkeypatch.context() as patched:
        patched.setattr(spilled_runs, "_instance", strikes)
        with pytest.raises(KeyboardInterrupt):
            _ = first.task_instances
    result = run_result(first, spilling.recorder)
    assert [(one.task_id, one.state) for one in result.task_instances] == [("a", "success"), ("b", "success")]
    assert len(tis(first)) == 2


def test_the_file_has_no_name(spilling: Play, tmp_path: Path) -> None:
    played(spilling)
    assert list(tmp_path.iterdir()) == []


def test_runs_without_these_details_have_no_such_attribute(play: Play) -> None:
    run = played(play, 1)[0]
    assert type(play.recorder.runs) is RunsInMemory
    del run.lengths
    with pytest.raises(AttributeError, match="lengths"):
        _ = run.lengths
    with pytest.raises(AttributeError, match="other"):
        _ = run.other  # type: ignore[attr-defined]
