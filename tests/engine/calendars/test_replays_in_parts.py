"""Runs shared out among processes: the ledger of one process, byte for byte; and what keeps a replay in one, told."""

import multiprocessing
import os
import random
import re
import signal
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, Asset, PokeReturnValue, Variable, task
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

from harness.engines.local import LocalWorkers
from harness.errors import NoVerdict, UsageError
from harness.project.scratch import PREFIX
from harness.simulation import Rehearsal
from harness.simulation.replays.replaying import ReplayOptions
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
DAYS = 24
"""Of runs: a few parts for each of a few workers."""


class Ended:
    """A watcher that counts the runs that ended."""

    def __init__(self):
        self.runs = 0

    def __call__(self, run, ti):
        self.runs += ti is None and run.state == "success"

    def begins_anew(self):
        self.runs = 0


def replayed(dag, folder=None, world=None, days=DAYS, watcher=None, **options):
    rehearsal = Rehearsal()
    rehearsal.folder.dags[dag.dag_id] = dag
    until = START + timedelta(days=days - 1)
    return rehearsal.replay(ReplayOptions((dag.dag_id,), START, until, keep=folder, **options), world, watcher)


def daily(name, **options):
    return DAG(name, schedule="@daily", start_date=START, **options)


def layers():
    with daily("layers") as dag:
        lanes = [task(task_id="start")(lambda ds: len(ds))()] * 3
        for layer in range(2):
            lanes = [task(task_id=f"t{layer}_{n}")(lambda v, n=n: v + n)(lane) for n, lane in enumerate(lanes)]
        task(task_id="end")(lambda values: sum(values))(lanes)
    return dag


def mapped():
    with daily("mapped") as dag:
        parts = task(task_id="parts")(lambda ds: list(range(int(ds[-2:]) % 3)))()
        task(task_id="each", map_index_template="{{ task.op_kwargs['n'] }}")(lambda n: n * 2).expand(n=parts)
    return dag


def retried():
    def flaky(ti, ds):
        print(f"try {ti.try_number} of {ds}")
        if ds.endswith(("7", "4")) and ti.try_number == 1:
            raise ConnectionError("feed is down")
        if ds.endswith("9"):
            raise ValueError("no rows")
        return ds

    with daily("retried") as dag:
        task(task_id="flaky", retries=1, retry_delay=timedelta(minutes=5))(flaky)()
    return dag


def sensing():
    def arrived(ti):
        return PokeReturnValue(ti.start_date <= datetime.now(timezone.utc) - timedelta(minutes=3), "file")

    with daily("sensing") as dag:
        task.sensor(task_id="poke", poke_interval=60)(arrived)() >> EmptyOperator(task_id="then")
        again = task.sensor(task_id="free", poke_interval=90, mode="reschedule")
        again(lambda task_reschedule_count: task_reschedule_count > 1)()
    return dag


def deferred():
    with daily("deferred") as dag:
        until = "{{ (data_interval_end + macros.timedelta(days=40)).isoformat() }}"
        DateTimeSensorAsync(task_id="waits", target_time=until) >> task(task_id="then")(lambda: time.sleep(5))()
        task(task_id="beside")(lambda: 1)()
    return dag


SHARED = {
    "layers": (layers, {}),
    "one at a time": (layers, {"max_active_runs": 1}),
    "the last first": (layers, {"max_active_runs": 3, "reverse": True}),
    "mapped": (mapped, {"max_active_runs": 2}),
    "retries": (retried, {"max_active_runs": 1}),
    "retries, several at a time": (retried, {"max_active_runs": 4}),
    "sensors": (sensing, {"max_active_runs": 3}),
    "deferrals": (deferred, {"max_active_runs": 1}),
}


@pytest.fixture
def parts(monkeypatch):
    """The parts that workers were asked for."""
    asked = []
    really = LocalWorkers.submit

    def submit(self, part):
        asked.append(part)
        return really(self, part)

    monkeypatch.setattr(LocalWorkers, "submit", submit)
    return asked


def one_ledger(one, other):
    """Byte for byte; of logs all but addresses of objects, and what Airflow's masker warns of once in a process."""
    assert (one / "journal.jsonl").read_bytes() == (other / "journal.jsonl").read_bytes()
    own = re.compile(r"0x\w+|WARNING Skipping masking[^\\]*\\n")
    first, second = (own.sub("", (folder / "logs.jsonl").read_text()) for folder in (one, other))
    assert first == second


def same(one, other):
    def told(result):
        found = [run.to_json() for run in result.runs]
        capacity = replace(result.capacity, utilisation={})
        shares = {name: round(share, 9) for name, share in result.capacity.utilisation.items()}
        around = (result.waiting, result.findings, result.busy_until, result.backfills, result.not_in_world)
        return found, capacity, shares, around

    assert told(one) == told(other)


@pytest.mark.parametrize("name", SHARED)
def test_the_ledger_is_that_of_one_process(name, tmp_path, parts):
    make, options = SHARED[name]
    alone = replayed(make(), tmp_path / "1", **options)
    assert not parts
    for jobs in (2, 3):
        shared = replayed(make(), tmp_path / str(jobs), jobs=jobs, **options)
        one_ledger(tmp_path / str(jobs), tmp_path / "1")
        same(shared, alone)
        assert len(parts) >= 2, shared.notes
        parts.clear()


def working(body, name="working", task_options=None, **options):
    with daily(name, **options) as dag:
        task(task_id="work", **(task_options or {}))(body)()
    return dag


def of_operator(make, **options):
    with daily("working", **options) as dag:
        make()
    return dag


def served(world):
    world.set_connection("shop", service="sqlite")


async def told():
    """Of a deadline that is missed."""


def told_late():
    alert = DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=1), AsyncCallback(told))
    return working(lambda: 1, deadline=alert)


SEEN = {
    "task 'work' depends on the past": (lambda: working(lambda: 1, task_options={"depends_on_past": True}), None, {}),
    "a dagrun_timeout": (lambda: working(lambda: 1, dagrun_timeout=timedelta(hours=1)), None, {}),
    "is paused when several runs fail": (lambda: working(lambda: 1, max_consecutive_failed_dag_runs=2), None, {}),
    "a callback of 'working'": (lambda: working(lambda: 1, on_success_callback=print), None, {}),
    "emits asset events": (lambda: working(lambda: 1, task_options={"outlets": [Asset("rows")]}), None, {}),
    "what the world's services hold (shop)": (lambda: working(lambda: 1), served, {}),
    "faults of the world": (lambda: working(lambda: 1), lambda world: world.chaos(0.5), {}),
    "'working.work[1]' of the world": (
        lambda: of_operator(lambda: task(task_id="work")(lambda n: n).expand(n=[1, 2])),
        lambda world: world.set_duration("working.work[1]", 5),
        {},
    ),
    "fail_fast": (lambda: working(lambda: 1), None, {"fail_fast": True}),
    "it is compared with itself": (lambda: working(lambda: 1), None, {"idempotent": True}),
    "the debugger": (lambda: working(lambda: 1), None, {"debug": True}),
    "deadlines": (told_late, None, {}),
}


@pytest.mark.parametrize("told", SEEN)
def test_what_is_seen_to_couple_runs_keeps_them_in_one_process(told, parts):
    make, change, options = SEEN[told]
    world = World()
    if change is not None:
        change(world)
    result = replayed(make(), None, world, days=3, jobs=2, **options)
    (note,) = result.notes
    assert note.startswith("replayed in one process: ")
    assert told in note
    assert not parts


def other_run():
    Variable.set("last", "a longer one")


MET = {
    "task 'work' changes a variable": lambda: working(other_run),
    "random numbers": lambda: working(lambda: random.randrange(10)),
    "asks for the run before": lambda: working(lambda prev_start_date_success: str(prev_start_date_success)),
    "task 'work' pulls XComs of earlier runs": lambda: working(
        lambda ti: ti.xcom_pull(task_ids="work", include_prior_dates=True)
    ),
    "asks how other runs stand": lambda: of_operator(
        lambda: ExternalTaskSensor(
            task_id="work", external_dag_id="working", execution_delta=timedelta(days=1), timeout=5
        )
    ),
    "triggers a run": lambda: of_operator(
        lambda: TriggerDagRunOperator(task_id="work", trigger_dag_id="working", trigger_run_id="{{ ds }}")
    ),
}


@pytest.mark.parametrize("told", MET)
def test_what_the_first_runs_meet_keeps_all_in_one_process(told, parts, tmp_path):
    alone = replayed(MET[told](), tmp_path / "1", days=4, max_active_runs=1)
    result = replayed(MET[told](), tmp_path / "2", days=4, max_active_runs=1, jobs=2)
    (note,) = result.notes
    assert told in note
    assert not parts
    one_ledger(tmp_path / "2", tmp_path / "1")
    same(result, alone)


def test_what_only_later_runs_meet_has_all_begin_anew_in_one_process(parts, tmp_path):
    def counts(ds):
        if ds == "2025-01-09":
            Variable.set("last", ds)
        return Variable.get("last", default="nothing")

    alone = replayed(working(counts), tmp_path / "1", max_active_runs=1)
    ended = Ended()
    result = replayed(working(counts), tmp_path / "2", watcher=ended, max_active_runs=1, jobs=2)
    assert parts
    assert result.notes == ("replayed in one process: task 'work' changes a variable",)
    assert ended.runs == DAYS, "what was tried before it began anew is not counted"
    one_ledger(tmp_path / "2", tmp_path / "1")
    same(result, alone)
    assert result.runs[-1].task("work").xcom() == "2025-01-09"


def test_runs_that_are_never_over_at_once_stay_in_one_process(parts, tmp_path):
    """Slots of the executor: what waits for one ends later, while the next run has begun."""

    def wide():
        with daily("wide") as dag:
            for number in range(5):
                task(task_id=f"work_{number}")(lambda: 1)()
        return dag

    world = World()
    world.set_executor(parallelism=7)
    alone = replayed(wide(), tmp_path / "1", world, max_active_runs=3)
    result = replayed(wide(), tmp_path / "2", world, max_active_runs=3, jobs=2)
    (note,) = result.notes
    assert "no moment at which some of its runs were over and no other went on" in note
    assert "max_active_runs=1" in note
    assert not parts
    same(result, alone)


def test_what_findings_tell_once_is_told_once(parts, tmp_path):
    def big(ds):
        return "x" * 600_000 if ds.endswith(("3", "8")) else ds

    alone = replayed(working(big), tmp_path / "1", max_active_runs=1)
    result = replayed(working(big), tmp_path / "2", max_active_runs=1, jobs=2)
    assert parts
    one_ledger(tmp_path / "2", tmp_path / "1")
    same(result, alone)
    assert sum(len(run.findings) for run in result.runs) == 1


def test_a_killed_worker_costs_time_and_no_run(parts, tmp_path):
    killed = tmp_path / "killed"
    owner = os.getpid()

    def once(ds):
        if ds == "2025-01-15" and os.getpid() != owner and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return ds

    alone = replayed(working(once), tmp_path / "1", max_active_runs=1)
    result = replayed(working(once), tmp_path / "2", max_active_runs=1, jobs=2)
    assert killed.exists()
    assert result.notes == ()
    one_ledger(tmp_path / "2", tmp_path / "1")
    same(result, alone)


def test_code_that_kills_every_worker_is_one_error(tmp_path):
    owner = os.getpid()

    def ends(ds):
        if ds == "2025-01-15" and os.getpid() != owner:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(NoVerdict) as raised:
        replayed(working(ends), tmp_path / "2", max_active_runs=1, jobs=2)
    assert "from the" in str(raised.value)
    assert "was lost, 3 times" in str(raised.value)
    assert "runs stand in the ledger" in str(raised.value)


def test_ctrl_c_ends_between_runs_and_the_ledger_goes_on(tmp_path):
    owner = os.getpid()

    def strikes(ds):
        if ds == "2025-01-20" and os.getpid() != owner:
            os.kill(owner, signal.SIGINT)
            time.sleep(10**7)
            signal.pause()

    quiet = working(lambda ds: None)
    rehearsal = Rehearsal()
    rehearsal.folder.dags["working"] = working(strikes)
    options = ReplayOptions(("working",), START, START + timedelta(days=DAYS - 1), max_active_runs=1, jobs=2)
    options = ReplayOptions(**{**vars(options), "keep": tmp_path / "2"})
    with pytest.raises(KeyboardInterrupt):
        rehearsal.replay(options)
    result = rehearsal.unfinished
    assert result.was_interrupted
    states = [run.state for run in result.runs]
    over = states.count("success")
    assert states == ["success"] * over + ["queued"] * (DAYS - over)
    assert 0 < over < 20
    replayed(quiet, tmp_path / "1", max_active_runs=1)
    resumed = replayed(quiet, tmp_path / "2", max_active_runs=1, jobs=2, resume=True)
    assert resumed.ok
    one_ledger(tmp_path / "2", tmp_path / "1")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"jobs": 0}, "jobs is 0"),
    ],
)
def test_what_names_no_workers_is_told(options, told):
    with pytest.raises(UsageError, match=told):
        replayed(layers(), **options)


def test_what_workers_hand_over_lies_in_a_folder_that_is_swept_should_they_all_be_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with LocalWorkers(1, str).open():
        assert [one.name.startswith(PREFIX) for one in tmp_path.iterdir()] == [True]
    assert not list(tmp_path.iterdir())


def test_a_replay_ends_its_own_processes_and_none_that_others_forked_meanwhile():
    with LocalWorkers(1, time.sleep).open() as workers:
        workers.submit(60)
        other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
        other.start()
        (own,) = set(multiprocessing.active_children()) - {other}
        workers.renew()
        assert (own.is_alive(), other.is_alive()) == (False, True)
        workers.submit(60)
    assert multiprocessing.active_children() == [other]
    other.kill()
    other.join()
