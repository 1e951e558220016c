"""What slots a calendar asks for and what it waits for, with code and without."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, task

from harness.simulation import CalendarOptions, Rehearsal
from harness.simulation.what_if.sweep import what_if
from harness.simulation.what_if.variations import read_variation
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def dag():
    """Two extracts of ten minutes that need the pool, one of three that does not, then a report of five."""
    with DAG("sales", schedule="@daily", start_date=START) as made:
        report = task(task_id="report")(lambda: time.sleep(300))()
        for name, pool, minutes in (("north", "etl", 10), ("south", "etl", 10), ("prices", "default_pool", 3)):
            task(task_id=name, pool=pool)(lambda minutes=minutes: time.sleep(60 * minutes))() >> report
    return made


@pytest.fixture
def world():
    """The pool of one slot, and for a simulation without code how long tasks take."""
    world = World()
    world.set_pool("etl", 1)
    for name, minutes in (("north", 10), ("south", 10), ("prices", 3), ("report", 5)):
        world.set_duration(name, minutes * 60)
    return world


@pytest.mark.parametrize("code", [True, False])
class TestOneDay:
    def test_a_pool_that_is_full_is_named_with_how_long_it_was_waited_for(self, calendar, dag, world, code):
        capacity = calendar("2025-01-05", "2025-01-05T12:00:00Z", dag, world=world, code=code).capacity
        assert capacity.makespan == 25 * MINUTE
        assert capacity.waits == {"pool etl": 10 * MINUTE, "dependency": 20 * MINUTE}
        assert (capacity.task_instances, capacity.unfinished, capacity.missed_deadlines) == (4, 0, 0)
        assert capacity.utilisation["pool etl"] == pytest.approx(20 / 25)
        assert capacity.utilisation["executor"] == pytest.approx(28 / (25 * 32))

    def test_the_critical_path_says_what_made_the_run_as_long(self, calendar, dag, world, code):
        capacity = calendar("2025-01-05", "2025-01-05T12:00:00Z", dag, world=world, code=code).capacity
        assert [(step.name, step.waited, step.because, step.lasted) for step in capacity.critical_path] == [
            ("south", 10 * MINUTE, "pool etl", 10 * MINUTE),
            ("report", 0 * MINUTE, None, 5 * MINUTE),
        ]
        assert capacity.slack == {
            "north": 10 * MINUTE,
            "south": 0 * MINUTE,
            "prices": 17 * MINUTE,
            "report": 0 * MINUTE,
        }
        assert capacity.longest_run == ("sales", "scheduled__2025-01-05T00:00:00+00:00", 25 * MINUTE)

    def test_the_executor_and_its_workers_are_waited_for_by_name(self, calendar, dag, world, code):
        world.set_pool("etl", 5)
        world.set_executor(parallelism=1)
        full = calendar("2025-01-05", "2025-01-05T12:00:00Z", dag, world=world, code=code).capacity
        assert full.makespan == 28 * MINUTE
        assert full.waits["executor"] == (3 + 13) * MINUTE or full.waits["executor"] == (10 + 20) * MINUTE
        assert full.utilisation["executor"] == pytest.approx(1.0)
        world.set_executor(parallelism=32, workers={"w": {"concurrency": 1}})
        queued = calendar("2025-01-05", "2025-01-05T12:00:00Z", dag, world=world, code=code).capacity
        assert queued.makespan == 28 * MINUTE
        assert "executor" not in queued.waits
        assert queued.waits["worker"] == full.waits["executor"]

    def test_retries_and_runs_that_wait_for_their_turn_are_told_apart(self, calendar, world, code):
        with DAG("late", schedule="@hourly", start_date=START, catchup=True, max_active_runs=1) as dag:
            task(task_id="load", retries=1, retry_delay=30 * MINUTE)(lambda: None)()
        world = World()
        world.stub("load", {"raises": "busy", "takes": "20m"}, {"takes": "40m"})
        capacity = calendar("2025-01-05", "2025-01-05T06:00:00Z", dag, world=world, code=code).capacity
        assert capacity.waits["retry"] == 4 * 30 * MINUTE
        assert capacity.waits["schedule"] == (30 + 60 + 90 + 120) * MINUTE
        assert capacity.unfinished == 1


class TestSeveralWorlds:
    def simulate(self, dag, world, *texts, code=False):
        rehearsal = Rehearsal()
        rehearsal.folder.dags[dag.dag_id] = dag
        since = datetime(2025, 1, 5, tzinfo=timezone.utc)
        options = CalendarOptions(since, since + timedelta(hours=12), code=code)
        return what_if(rehearsal, options, world, [read_variation(text) for text in texts])

    def test_a_row_each_alike_with_code_and_without(self, dag, world):
        texts = ("pools.etl=1,2", "executor=Sequential,Local(2),Celery(8),Kubernetes(20)")
        without, with_code = (self.simulate(dag, world, *texts, code=code) for code in (False, True))
        assert [row.capacity for row in without.rows] == [row.capacity for row in with_code.rows]
        told = {tuple(row.settings.values()): row.capacity.makespan / MINUTE for row in without.rows}
        assert told == {
            ("1", "Sequential"): 28,
            ("1", "Local(2)"): 25,
            ("1", "Celery(8)"): 25,
            ("1", "Kubernetes(20)"): 25,
            ("2", "Sequential"): 28,
            ("2", "Local(2)"): 18,
            ("2", "Celery(8)"): 15,
            ("2", "Kubernetes(20)"): 15,
        }

    def test_the_document_and_the_lines_say_the_same(self, dag, world):
        from tests.repo.schemas import faults

        found = self.simulate(dag, world, "pools.etl=1,2")
        assert faults("what-if", found.to_json()) == []
        head, *lines = (line.split(",") for line in found.to_csv().splitlines())
        assert [dict(zip(head, line, strict=True))["makespan_s"] for line in lines] == ["1500.0", "900.0"]
        assert [one for one in head if "pool etl" in one] == ["waits_s pool etl", "utilisation pool etl"]

    def test_what_only_a_later_world_finds_is_told(self, dag, world):
        found = self.simulate(dag, world, "pools.etl=1,0")
        assert "run-stuck" in [finding.check for finding in found.findings]
        assert len(set(map(str, found.findings))) == len(found.findings), "what each world finds is told once"


@pytest.mark.parametrize("code", [True, False])
class TestAcrossDags:
    def test_the_critical_path_goes_back_through_assets(self, calendar, code):
        feeds, world = [], World()
        for name, minutes in (("north", 10), ("south", 7)):
            with DAG(f"{name}_feed", schedule="@daily", start_date=START) as feed:
                task(task_id=name, outlets=[Asset(name)])(lambda: None)()
            world.set_duration(name, minutes * 60)
            feeds.append(feed)
        with DAG("both", schedule=[Asset("north"), Asset("south")], start_date=START) as both:
            task(task_id="report")(lambda: None)()
        world.set_duration("report", 5 * 60)
        result = calendar("2025-01-05", "2025-01-05T12:00:00Z", *feeds, both, world=world, code=code)
        capacity, (run,) = result.capacity, result.runs_of("both")
        assert capacity.longest_run == ("north_feed", "scheduled__2025-01-05T00:00:00+00:00", 10 * MINUTE)
        assert capacity.longest_chain == ("both", run.run_id, 15 * MINUTE)
        steps = [(step.dag_id, step.run_id, step.name, step.waited, step.lasted) for step in capacity.critical_path]
        assert steps == [
            ("north_feed", "scheduled__2025-01-05T00:00:00+00:00", "north_feed.north", 0 * MINUTE, 10 * MINUTE),
            ("both", run.run_id, "report", 0 * MINUTE, 5 * MINUTE),
        ]
        assert capacity.slack == {
            "north_feed.north": 0 * MINUTE,
            "south_feed.south": 3 * MINUTE,
            "report": 0 * MINUTE,
        }

    def test_and_through_triggers(self, calendar, code):
        with DAG("begins", schedule="@daily", start_date=START) as begins:
            ready = task(task_id="ready")(lambda: None)()
            ready >> TriggerDagRunOperator(task_id="trigger", trigger_dag_id="goes_on")
        with DAG("goes_on", schedule=None, start_date=START) as goes_on:
            task(task_id="work")(lambda: None)()
        world = World()
        world.set_duration("ready", "20m")
        world.set_duration("work", "30m")
        capacity = calendar("2025-01-05", "2025-01-05T12:00:00Z", begins, goes_on, world=world, code=code).capacity
        assert [step.name for step in capacity.critical_path] == ["begins.ready", "begins.trigger", "work"]
        assert capacity.longest_chain[2] == 50 * MINUTE


def test_a_run_before_others_that_is_not_theirs_is_not_of_their_chain(calendar):
    with DAG("alone", schedule="@daily", start_date=START) as alone:
        task(task_id="work")(lambda: time.sleep(60))()
    with DAG("given", schedule=[Asset("of_a_person")], start_date=START) as given:
        task(task_id="report")(lambda: None)()
    capacity = calendar("2025-01-05", "2025-01-05T12:00:00Z", alone, given).capacity
    assert capacity.longest_chain == capacity.longest_run
    assert [step.name for step in capacity.critical_path] == ["work"]
