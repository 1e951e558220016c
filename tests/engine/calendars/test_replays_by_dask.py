"""A replay whose runs the workers of a Dask cluster share: a scheduler and two workers, programs of their own."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from harness.errors import EngineUnavailable, PackageMissing, UsageError
from harness.simulation import CalendarOptions, Rehearsal
from harness.simulation.replays.replaying import ReplayOptions
from harness.simulation.what_if.sweep import Sweep
from harness.simulation.what_if.variations import read_variation
from harness.world import World
from tests.engine.calendars.test_replays_in_parts import layers, one_ledger, same

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(sys.version_info < (3, 11), reason="Dask is of Python 3.11 and later"),
]

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
DAYS = 12
DAG = """
import os, signal
from datetime import datetime, timezone
from pathlib import Path
from airflow.sdk import dag, task

HERE = Path(__file__).parent

@dag(schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc))
def shared():
    @task
    def count(ds):
        print(f"counts {ds}")
        if ds == "2025-01-08" and (HERE / "kill").exists():
            (HERE / "kill").unlink()
            os.kill(os.getppid(), signal.SIGKILL)  # the worker whose child this is
        return [len(ds), int(ds[-2:])]

    @task
    def double(number):
        return 2 * number

    double.expand(number=count())

shared()
"""


@pytest.fixture(scope="module")
def dags(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project") / "dags"
    folder.mkdir()
    (folder / "shared.py").write_text(DAG)
    return folder


def started(*command, first=None):
    """A program; ``-m`` has it look in the folder it is started in before all others."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-m", *command], cwd=first, env=environment, **quiet)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler with two workers."""
    with cluster(tmp_path_factory.mktemp("dask") / "scheduler.json", 2) as found:
        yield found


@contextmanager
def cluster(file, workers, first=None):
    """Address and workers of a scheduler.

    Args:
        file: that it writes.
        first: the folder in which the workers look before all others for what they import.
    """
    local = ("--host", "127.0.0.1", "--no-dashboard")
    programs = [started("distributed.cli.dask_scheduler", *local, "--port", "0", "--scheduler-file", str(file))]
    try:
        until = time.monotonic() + 30
        while not file.exists() or not file.read_text().endswith("}"):
            assert time.monotonic() < until
            assert programs[0].poll() is None
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"].removeprefix("tcp://")
        for _ in range(workers):
            one = ("--nthreads", "1", "--no-nanny", "--memory-limit", "0", f"tcp://{address}")
            programs.append(started("distributed.cli.dask_worker", *local, *one, first=first))
        yield address, programs[1:]
    finally:
        for program in reversed(programs):
            program.kill()
            program.wait()


def replayed(dags, folder, **options):
    rehearsal = Rehearsal.of_paths([dags])
    until = START + timedelta(days=DAYS - 1)
    return rehearsal.replay(ReplayOptions(("shared",), START, until, max_active_runs=1, keep=folder, **options))


def workers_of(address, count):
    """See that so many workers are there."""
    from distributed import Client

    with Client(f"tcp://{address}", timeout=30, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


def test_the_ledger_is_that_of_one_process_though_a_worker_is_killed(dags, scheduler, tmp_path):
    address, programs = scheduler
    workers_of(address, 2)
    alone = replayed(dags, tmp_path / "1")
    (dags / "kill").touch()
    shared = replayed(dags, tmp_path / "2", engine=f"dask://{address}")
    assert not (dags / "kill").exists()
    assert sorted(program.poll() for program in programs if program.poll() is not None) == [-9]
    assert shared.notes == ()
    one_ledger(tmp_path / "2", tmp_path / "1")
    same(shared, alone)


def test_a_dag_that_was_not_loaded_from_a_folder_is_refused(scheduler):
    rehearsal = Rehearsal()
    rehearsal.folder.dags["layers"] = layers()
    with pytest.raises(UsageError, match="Dag 'layers' was not loaded from a Dag folder"):
        rehearsal.replay(ReplayOptions(("layers",), START, START, engine=f"dask://{scheduler[0]}"))


def test_a_world_that_cannot_be_sent_is_refused(dags, scheduler):
    world = World()
    world.stub("shared.double", does=lambda ti: 1)
    options = ReplayOptions(("shared",), START, START, engine=f"dask://{scheduler[0]}")
    with pytest.raises(UsageError, match="the world cannot be sent to the workers"):
        Rehearsal.of_paths([dags]).replay(options, world)


def test_a_scheduler_that_is_not_there_is_one_error(dags, monkeypatch):
    from harness.engines import dask_engine

    monkeypatch.setattr(dask_engine, "PATIENCE_S", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(EngineUnavailable, match=f"the scheduler of dask://{address} does not answer"):
            replayed(dags, None, engine=f"dask://{address}")


def test_a_worker_without_the_harness_is_one_error(dags, tmp_path):
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "__init__.py").write_text("raise ImportError('not here')")
    with cluster(tmp_path / "scheduler.json", 1, first=tmp_path) as (address, _):
        workers_of(address, 1)
        with pytest.raises(EngineUnavailable, match="cannot say what it has") as raised:
            replayed(dags, None, engine=f"dask://{address}")
    assert "install the same there" in str(raised.value)


def test_without_dask_it_says_how_to_get_it(dags, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PackageMissing, match="needs the package distributed") as raised:
        replayed(dags, None, engine="dask://127.0.0.1:1")
    assert "pip install 'airflow-harness[dask]'" in str(raised.value)


def test_a_sweep_has_the_answers_of_one_process(dags, scheduler):
    address, _ = scheduler
    workers_of(address, 1)
    options = CalendarOptions(START, START + timedelta(days=2), code=False)
    variations = [read_variation("executor.parallelism=1,2,3"), read_variation("durations.shared.*=1m,2m")]
    alone, shared = (
        Sweep(Rehearsal.of_paths([dags]), options, None, variations).simulate(engine=engine)
        for engine in (None, f"dask://{address}")
    )
    assert alone.rows == shared.rows
    assert alone.findings == shared.findings
    assert len({row.capacity.makespan for row in shared.rows}) > 1
