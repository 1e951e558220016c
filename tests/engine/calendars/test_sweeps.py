"""A calendar in many worlds, shared out among processes: the answers are those of one process, whatever happens."""

import json
import multiprocessing
import os
import signal
import time
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, task

from harness.errors import NoVerdict, UnmatchedEntry
from harness.simulation import CalendarOptions, Rehearsal
from harness.simulation.rules_only import past
from harness.simulation.what_if.sweep import Sweep
from harness.simulation.what_if.variations import read_variation
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
GRID = ("pools.etl=1,2,3", "executor=Sequential,Local(2),Celery(8)")


def sales(in_extract=lambda: None):
    """Three extracts of ten minutes that need the pool, then a report."""

    def extract():
        in_extract()
        time.sleep(600)

    with DAG("sales", schedule="@daily", start_date=START) as dag:
        report = task(task_id="report")(lambda: time.sleep(300))()
        for name in ("north", "south", "west"):
            task(task_id=name, pool="etl")(extract)() >> report
    return dag


def sweep(*texts, dag=None, code=True, **options):
    rehearsal = Rehearsal()
    rehearsal.folder.dags["sales"] = sales() if dag is None else dag
    world = World()
    world.set_pool("etl", 1)
    if not code and "from_ledger" not in options:
        world.set_duration("sales.*", "10m")
    chosen = CalendarOptions(START, START + timedelta(hours=30), code=code, **options)
    return Sweep(rehearsal, chosen, world, [read_variation(text) for text in texts])


def told_of(found):
    """All that is told of worlds, but for the real time that it took."""
    return found.to_csv(), json.dumps({**found.to_json(), "real_seconds": 0})


@pytest.mark.parametrize("code", [True, False])
def test_the_answers_are_those_of_one_process(code):
    alone = sweep(*GRID, code=code).simulate()
    assert len({row.capacity.makespan for row in alone.rows}) == 3
    for jobs in (2, 3):
        assert told_of(sweep(*GRID, code=code).simulate(jobs)) == told_of(alone)


@pytest.mark.parametrize("jobs", [1, 2])
def test_how_many_are_done_is_told(jobs):
    told = []
    sweep(*GRID, code=False).simulate(jobs, told=lambda done, of: told.append((done, of)))
    assert told == [(done, 9) for done in range(10)]


def killing(once):
    """What kills the process of the world in which it runs first."""

    def kill():
        if once.exists():
            once.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    return kill


def test_a_worker_that_is_killed_costs_no_world(tmp_path):
    once = tmp_path / "kill"
    once.touch()
    found = sweep(*GRID, dag=sales(killing(once))).simulate(2)
    assert not once.exists()
    assert told_of(found) == told_of(sweep(*GRID).simulate())


def test_what_ends_every_process_is_told_with_what_is_there():
    found = sweep("pools.etl=1,2", dag=sales(lambda: os.kill(os.getpid(), signal.SIGKILL)))
    with pytest.raises(NoVerdict, match="a process that simulates a world was lost, 3 times") as raised:
        found.simulate(2)
    assert (raised.value.known, raised.value.fix) == (
        "0 of 2 are done; BrokenProcessPool",
        "try it without -j and --engine to see what ends it",
    )
    assert (found.answers().rows, found.answers().asked_for) == ((), 2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_who_stops_it_has_what_is_there(jobs):
    def stop(done, of):
        if done == 3:
            raise KeyboardInterrupt

    found = sweep(*GRID, code=False)
    with pytest.raises(KeyboardInterrupt):
        found.simulate(jobs, told=stop)
    so_far, whole = found.answers(), sweep(*GRID, code=False).simulate()
    assert 3 <= len(so_far.rows) < 9
    assert so_far.asked_for == 9
    assert [row for row in whole.rows if row in so_far.rows] == list(so_far.rows)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_first_world_that_cannot_be_is_the_error(jobs):
    with pytest.raises(UnmatchedEntry, match=r"duration 'sales\.lood' matches no task") as raised:
        sweep("pools.etl=1,2,3", "durations.sales.lood=1m,2m").simulate(jobs)
    assert raised.value.fix


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_past_ledger_is_read_once_for_all_worlds(jobs, tmp_path, monkeypatch):
    rehearsal = Rehearsal()
    rehearsal.folder.dags["sales"] = sales()
    world = World()
    world.set_pool("etl", 1)
    rehearsal.simulate(CalendarOptions(START, START + timedelta(hours=30), keep=tmp_path / "ledger"), world)
    read = past.past_tries

    def counted(folder):
        with (tmp_path / "read").open("a") as file:
            file.write(f"{os.getpid()}\n")
        return read(folder)

    monkeypatch.setattr(past, "past_tries", counted)
    found = sweep(*GRID, code=False, from_ledger=tmp_path / "ledger").simulate(jobs)
    with_code = sweep(*GRID).simulate()
    assert [row.capacity.makespan for row in found.rows] == [row.capacity.makespan for row in with_code.rows]
    assert (tmp_path / "read").read_text().splitlines() == [str(os.getpid())]
    assert past._kept == {}, "and let go behind them"
