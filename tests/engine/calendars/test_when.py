"""When runs are ready, where durations are distributions: what is drawn, what samples come to, and what is refused."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, Asset, task

from harness.bridge.masking import mask
from harness.errors import DagNotFound, TaskNotFound, UsageError
from harness.results.when import NEVER, NEVER_AT
from harness.simulation import Rehearsal
from harness.simulation.what_if.when import WhenOptions, when
from harness.world import World
from tests.engine.calendars.deadline_builders import alert, dag_of
from tests.repo.schemas import faults

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
SINCE = datetime(2025, 1, 5, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def dag():
    """A load of ten minutes to an hour, then a report of five minutes."""
    with DAG("sales", schedule="@daily", start_date=START) as made:
        task(task_id="load")(lambda: None)() >> task(task_id="report")(lambda: None)()
    return made


@pytest.fixture
def world():
    world = World()
    world.set_duration("load", {"p0": "10m", "p100": "60m"})
    world.set_duration("report", "5m")
    return world


def asked(*dags, world=None, told=lambda done, of: None, jobs=1, dag_id="sales", until=timedelta(hours=12), **options):
    """When the runs of a Dag of several are ready."""
    rehearsal = Rehearsal()
    rehearsal.folder.dags |= {dag.dag_id: dag for dag in dags}
    options = {"samples": 40, **options}
    return when(rehearsal, WhenOptions(SINCE, SINCE + until, dag_id, **options), world, told, jobs)


def states(*arguments, **more):
    return asked(*arguments, **more).runs[0].states


class TestADraw:
    def test_is_the_same_with_code_and_without_and_in_the_ledger_byte_for_byte(self, calendar, dag, world, tmp_path):
        period = ("2025-01-03", "2025-01-06T12:00:00Z")
        with_code = calendar(*period, dag, world=world, seed=3)
        without = calendar(*period, dag, world=world, code=False, seed=3, keep=tmp_path / "once")
        calendar(*period, dag, world=world, code=False, seed=3, keep=tmp_path / "again")
        other = calendar(*period, dag, world=world, code=False, seed=4)
        lasted = [[run.end_date - run.start_date for run in one.runs] for one in (with_code, without, other)]
        assert lasted[0] == lasted[1] != lasted[2]
        assert len(set(lasted[0])) == 4
        assert all(15 * MINUTE <= each <= 65 * MINUTE for each in lasted[0])
        journals = [(tmp_path / name / "journal.jsonl").read_bytes() for name in ("once", "again")]
        assert journals[0] == journals[1]

    def test_is_of_each_try_and_each_mapped_instance(self, calendar):
        with DAG("sales", schedule="@daily", start_date=START) as dag:
            task(task_id="load", retries=2, retry_delay=MINUTE)(lambda x: None).expand(x=[1, 2])
        world = World()
        world.set_duration("load", {"p0": 0, "p100": "1h"})
        world.stub("load", {"raises": "busy"}, {"raises": "busy"}, {})
        (run,) = calendar("2025-01-05", "2025-01-05T23:00:00Z", dag, world=world, code=False).runs
        spans = [one.end_date - one.start_date for ti in run.tasks("load") for one in ti.attempts]
        assert len(set(spans)) == len(spans) == 6


class TestTheAnswer:
    def test_has_the_median_and_the_quantile_of_each_run(self, dag, world):
        found = asked(dag, world=world, until=timedelta(days=1), samples=200, quantile=0.9)
        assert [run.logical_date.day for run in found.runs] == [5, 6]
        for run in found.runs:
            assert (
                15 * MINUTE
                <= run.quantile(0)
                <= run.quantile(0.5)
                <= run.quantile(0.9)
                <= run.quantile(1)
                <= 65 * MINUTE
            )
            assert abs(run.quantile(0.5) - 40 * MINUTE) < 6 * MINUTE
            assert abs(run.quantile(0.9) - 60 * MINUTE) < 4 * MINUTE
            assert run.at(0.9) == run.due + run.quantile(0.9)
            assert run.states == {"success": 200}
            low, high = run.between(0.9)
            assert 45 * MINUTE < low < run.quantile(0.9) < high <= run.quantile(1)
            assert (run.between(1)[0], run.between(0)) == (run.quantile(1), (run.quantile(0),) * 2)
        assert found.quantile(0.9) == max(run.quantile(0.9) for run in found.runs)
        assert faults("when", found.to_json()) == []
        assert [one["quantile"] for one in found.to_json()["runs"][0]["quantiles"]] == [0.5, 0.9]

    def test_is_the_same_for_the_same_seed_and_each_sample_is_a_simulation_of_its_own_seed(self, calendar, dag, world):
        told = []
        first, again, other = (
            asked(dag, world=world, seed=seed, told=lambda *so_far: told.append(so_far)) for seed in (2, 2, 3)
        )
        assert first.runs == again.runs != other.runs
        assert told[:3] == [(0, 40), (1, 40), (2, 40)]
        assert first.runs[0].between(0.99)[1] == NEVER, "40 samples tell nothing of the slowest of a hundred"
        sample = first.slowest.sample_at(0.95)
        assert 80 <= sample.seed < 120
        (run,) = calendar("2025-01-05", "2025-01-05T12:00:00Z", dag, world=world, code=False, seed=sample.seed).runs
        assert run.end_date == sample.ready

    def test_is_the_same_where_processes_share_the_samples(self, calendar, dag, world, tmp_path):
        calendar("2025-01-01", "2025-01-10T12:00:00Z", dag, world=world, code=False, keep=tmp_path / "past")
        told = []
        alone = asked(dag, from_ledger=tmp_path / "past")
        shared = asked(dag, from_ledger=tmp_path / "past", jobs=2, told=lambda *so_far: told.append(so_far))
        assert replace(shared, real_seconds=0) == replace(alone, real_seconds=0)
        assert told == [(number, 40) for number in range(41)]

    def test_is_of_one_task_where_that_is_asked(self, dag, world):
        runs, loads = asked(dag, world=world), asked(dag, world=world, task_id="load")
        assert runs.quantile(0.95) - loads.quantile(0.95) == 5 * MINUTE
        assert (loads.name, loads.to_json()["task_id"]) == ("sales.load", "load")

    def test_counts_what_fails_or_does_not_end_as_never_ready(self, world):
        with DAG("sales", schedule="@daily", start_date=START) as dag:
            load = task(task_id="load", execution_timeout=35 * MINUTE)(lambda: None)()
            load >> task(task_id="report")(lambda: None)()
        found = asked(dag, world=world, samples=100)
        (run,) = found.runs
        assert set(run.states) == {"success", "failed"}
        assert 30 < run.states["failed"] < 70
        assert found.quantile(0.25) <= 40 * MINUTE
        assert (found.quantile(0.95), run.at(0.95)) == (NEVER, NEVER_AT)
        told = found.to_json()["runs"][0]["quantiles"][-1]
        assert (told["after_s"], told["at"], told["seed"]) == (None, None, None)
        assert "upstream_failed" in states(dag, world=world, task_id="report")
        world.set_duration("load", {"p0": "1m", "p100": "2m"})
        world.set_duration("report", "3d")
        assert states(dag, world=world) == {"unfinished": 40}

    def test_counts_deadlines_that_are_missed(self):
        world = World()
        world.set_duration("work", {"p0": "10m", "p100": "60m"})
        (run,) = asked(dag_of(alert(40), dag_id="sales"), world=world, samples=60).runs
        late = sum(sample.after > 40 * MINUTE for sample in run.samples)
        assert run.missed_deadlines == late
        assert 10 < late < 50

    def test_has_runs_that_no_date_names_by_their_type_and_number(self, dag, world):
        orders = Asset("orders")
        with DAG("feed", schedule="0 */6 * * *", start_date=START) as feed:
            task(task_id="load", outlets=[orders])(lambda: None)()
        with DAG("sales", schedule=orders) as report:
            task(task_id="report")(lambda: None)()
        found = asked(feed, report, world=world)
        assert [run.name for run in found.runs] == [f"asset_triggered {number}" for number in (1, 2)]
        assert found.quantile(1) == 5 * MINUTE, "how long after it was due"
        assert found.runs[0].at(1) - found.runs[0].at(0) > 30 * MINUTE, "but when that is depends on the load"

    def test_counts_the_slots_that_other_dags_take(self, dag, world):
        with DAG("other", schedule="@daily", start_date=START) as other:
            task(task_id="load", priority_weight=10)(lambda: None)()
        world.set_executor(parallelism=1)
        alone, beside = asked(dag, world=world), asked(dag, other, world=world)
        assert beside.quantile(0.5) > alone.quantile(0.5) + 15 * MINUTE


class TestAPastLedger:
    def test_is_drawn_from_also_of_the_runs_that_it_has(self, calendar, dag, world, tmp_path):
        then = calendar(
            "2025-01-01", "2025-01-10T12:00:00Z", dag, world=world, seed=1, code=False, keep=tmp_path / "past"
        )
        took = sorted(run.end_date - run.start_date for run in then.runs)
        found = asked(dag, from_ledger=tmp_path / "past", samples=40)
        assert took[0] <= found.quantile(0) < found.quantile(0.5) < found.quantile(1) <= took[-1]
        assert found.findings == ()
        assert asked(dag, from_ledger=tmp_path / "past", samples=40).runs == found.runs
        world.set_duration("load", {"p0": "2h", "p100": "3h"})
        assert asked(dag, world=world, from_ledger=tmp_path / "past").quantile(0) > 2 * 60 * MINUTE


class TestRefusals:
    @pytest.mark.parametrize("quantile", [-0.1, 1.5, float("nan"), "0.9", True, None])
    def test_a_quantile_that_is_none(self, dag, world, quantile):
        with pytest.raises(UsageError, match="a quantile lies between 0 and 1"):
            asked(dag, world=world, quantile=quantile)
        with pytest.raises(UsageError, match="a quantile lies between 0 and 1"):
            asked(dag, world=world, samples=1).quantile(quantile)

    @pytest.mark.parametrize("samples", [0, -1, 10**6, 2.5, True])
    def test_a_number_of_samples_that_is_none(self, dag, world, samples):
        with pytest.raises(UsageError, match="samples is a number from 1 to 100,000"):
            asked(dag, world=world, samples=samples)

    def test_dags_and_tasks_that_are_not_there(self, dag, world):
        with pytest.raises(DagNotFound, match="no Dag 'sale'"):
            asked(dag, world=world, dag_id="sale")
        with pytest.raises(TaskNotFound, match="no task 'lod' in 'sales'"):
            asked(dag, world=world, task_id="lod")

    def test_no_duration_at_all(self, dag):
        for nothing in (None, World()):
            with pytest.raises(UsageError, match="all of them would take no time") as caught:
                asked(dag, world=nothing)
            assert "--percentiles" in str(caught.value.fix)


class TestWhatIsSaid:
    def test_secrets_are_masked(self, world):
        mask("hunter2-of-when", "password")
        with DAG("sales", schedule="@daily", start_date=START) as dag:
            for task_id in ("load", "report", "hunter2-of-when"):
                task(task_id=task_id)(lambda: None)()
        messages = [one.message for one in asked(dag, world=world, samples=1).findings]
        assert any("sales.***" in message for message in messages), messages
        assert not any("hunter2" in message for message in messages)

    def test_where_nothing_is_drawn_one_sample_tells_all(self, dag):
        world = World()
        world.set_duration("*", "5m")
        found = asked(dag, world=world)
        assert (found.samples, found.quantile(0.01), found.quantile(1)) == (1, 10 * MINUTE, 10 * MINUTE)
        (said,) = found.findings
        assert (said.check, said.severity) == ("when", "warning")
        assert "all samples would be alike" in said.message

    def test_where_no_run_is_due_it_is_an_error_with_the_reason(self, world):
        with DAG("sales", schedule="@yearly", start_date=START) as dag:
            task(task_id="load")(lambda: None)()
            task(task_id="report")(lambda: None)()
        found = asked(dag, world=world, samples=2)
        errors = [one for one in found.findings if one.severity == "error"]
        assert [one.check for one in errors] == ["nothing-ran"]
        assert "no run is due between 2025-01-05T00:00:00Z and 2025-01-05T12:00:00Z" in errors[0].message
        with pytest.raises(UsageError, match="no run of 'sales' is due"):
            found.quantile(0.5)
        assert faults("when", found.to_json()) == []
