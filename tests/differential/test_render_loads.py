"""A rendered Dag file loads, and the Dag has what was asked for."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from harness.simulation import Rehearsal
from tests.differential.case import Act, Case, DagCase, GroupCase, TaskCase
from tests.differential.render.files import render, render_dag


@pytest.fixture
def loaded(tmp_path: Path):
    """A Dag case, rendered and loaded."""

    def load(*tasks: TaskCase, **options):
        dag = DagCase("d0", tasks, **options)
        render(Case((dag,), "", ""), tmp_path)
        folder = Rehearsal.of_paths([tmp_path]).folder
        assert folder.failures == [], folder.failures[0].traceback + render_dag(dag)
        return folder.dags["d0"]

    return load


def upstreams(dag):
    return {task_id: set(task.upstream_task_ids) for task_id, task in dag.task_dict.items()}


def test_arguments_of_tasks(loaded):
    dag = loaded(
        TaskCase("t0", retries=2, retry_delay_s=60, retry_exponential_backoff=2.0, max_retry_delay_s=600),
        TaskCase("t1", "plain", ("t0",), "one_failed", depends_on_past=True, pool="p0", pool_slots=2),
        TaskCase("t2", wait_for_downstream=True, ignore_first_depends_on_past=False, priority_weight=5),
        TaskCase("t3", weight_rule="upstream", max_active_tis_per_dag=1, max_active_tis_per_dagrun=2),
        TaskCase("t4", execution_timeout_s=60, outlets=("a", "b")),
    )
    t0, t1, t2, t3, t4 = dag.tasks
    assert (t0.retries, t0.retry_delay, t0.max_retry_delay) == (2, timedelta(minutes=1), timedelta(minutes=10))
    assert t0.retry_exponential_backoff
    assert (t1.trigger_rule, t1.pool, t1.pool_slots, t1.depends_on_past) == ("one_failed", "p0", 2, True)
    assert t1.ignore_first_depends_on_past
    assert (t2.wait_for_downstream, t2.depends_on_past, t2.ignore_first_depends_on_past) == (True, True, False)
    assert t2.priority_weight == 5
    assert (t3.max_active_tis_per_dag, t3.max_active_tis_per_dagrun) == (1, 2)
    assert "upstream" in str(t3.weight_rule).lower()  # a name, in 3.1 an object
    assert (t4.execution_timeout, [asset.name for asset in t4.outlets]) == (timedelta(minutes=1), ["a", "b"])
    assert upstreams(dag) == {"t0": set(), "t1": {"t0"}, "t2": set(), "t3": set(), "t4": set()}


def test_kinds(loaded):
    dag = loaded(
        TaskCase("t0", "empty"),
        TaskCase("t1", "branch", acts=(Act(follows=("t3",)),)),
        TaskCase("t2", "short_circuit", ignore_downstream_trigger_rules=False),
        TaskCase("t3", "latest_only", ("t1",)),
        TaskCase("t4"),
    )
    assert [task.task_type for task in dag.tasks] == [
        "EmptyOperator", "Branch", "ShortCircuit", "LatestOnlyOperator", "Play",
    ]  # fmt: skip
    assert [task.inherits_from_skipmixin for task in dag.tasks] == [False, True, True, True, False]
    assert dag.get_task("t2").ignore_downstream_trigger_rules is False


def test_acts_that_do_nothing_on_any_try(loaded):
    assert loaded(TaskCase("t0", acts=(Act(), Act()), retries=1)).get_task("t0").retries == 1
    t0, t1 = loaded(TaskCase("t0", acts=(Act(), Act())), TaskCase("t1", acts=(Act("fail"),))).tasks
    assert (list(t0.acts), t1.acts) == ([{}], [{"state": "fail"}])


def test_mapped_tasks_and_groups(loaded):
    dag = loaded(
        TaskCase("t0", acts=(Act(returns=2),)),
        TaskCase("t1", mapped_over="t0", trigger_rule="all_done"),
        TaskCase("t2", mapped_over=0),
        TaskCase("g.t3", group="g"),
        TaskCase("g.h.t4", group="g.h", upstream=("g.t3",)),
        TaskCase("t5", upstream=("t2",)),
        TaskCase("g.t6", upstream=("g.h.t4", "t5"), group="g"),
        TaskCase("t7", mapped_over="g.t6"),
        groups=(GroupCase("g", "t0"), GroupCase("g.h")),
    )
    assert upstreams(dag) == {
        "t0": set(), "t1": {"t0"}, "t2": set(), "g.t3": {"t0"}, "g.h.t4": {"g.t3"}, "t5": {"t2"},
        "g.t6": {"g.h.t4", "t5"}, "t7": {"g.t6"},
    }  # fmt: skip
    assert [task.task_id for task in dag.tasks if task.is_mapped] == ["t1", "t2", "t7"]
    assert dag.get_task("t1").trigger_rule == "all_done"
    assert dag.get_task("t2").expand_input.value == {"item": []}
    groups = {task.task_id: task.get_closest_mapped_task_group() for task in dag.tasks}
    assert {task_id for task_id, group in groups.items() if group is not None} == {"g.t3", "g.h.t4", "g.t6"}
    assert groups["g.t3"].group_id == "g"


def test_plain_groups_nested_and_opened_again(loaded):
    dag = loaded(
        TaskCase("g.h.t0", group="g.h", acts=(Act(returns=1),)),
        TaskCase("t1", upstream=("g.h.t0",)),
        TaskCase("g.t0", group="g", mapped_over="g.h.t0", upstream=("t1",)),
        TaskCase("g.h.t3", group="g.h"),
        TaskCase("h.t4", group="h", mapped_over=3),
    )
    assert upstreams(dag) == {
        "g.h.t0": set(), "t1": {"g.h.t0"}, "g.t0": {"g.h.t0", "t1"}, "g.h.t3": set(), "h.t4": set(),
    }  # fmt: skip
    assert set(dag.task_group.get_task_group_dict()) == {None, "g", "g.h", "h"}


def test_setup_and_teardown(loaded):
    dag = loaded(
        TaskCase("t0", is_setup=True),
        TaskCase("t1", is_setup=True, mapped_over=2),
        TaskCase("t2", upstream=("t0", "t1")),
        TaskCase("t3", upstream=("t2",), teardown_of=("t0", "t1"), is_teardown=True, on_failure_fail_dagrun=True),
        TaskCase("t4", upstream=("t2",), is_teardown=True, mapped_over=1),
    )
    assert upstreams(dag) == {"t0": set(), "t1": set(), "t2": {"t0", "t1"}, "t3": {"t0", "t1", "t2"}, "t4": {"t2"}}
    assert [task.task_id for task in dag.tasks if task.is_setup] == ["t0", "t1"]
    teardowns = {task.task_id: (task.trigger_rule, task.on_failure_fail_dagrun) for task in dag.teardowns}
    assert teardowns == {"t3": ("all_done_setup_success", True), "t4": ("all_done_setup_success", False)}


def test_arguments_of_the_dag(loaded):
    dag = loaded(
        TaskCase("t0"),
        schedule="30 6 * * *",
        start_date="2025-03-01T12:00:00+02:00",
        end_date="2025-03-05T00:00:00Z",
        max_active_runs=2,
        max_active_tasks=3,
        max_consecutive_failed_dag_runs=4,
        fail_fast=True,
        dagrun_timeout_s=3600,
        is_paused=True,
    )
    assert dag.start_date == datetime(2025, 3, 1, 10, tzinfo=timezone.utc)
    assert dag.end_date == datetime(2025, 3, 5, tzinfo=timezone.utc)
    assert (dag.max_active_runs, dag.max_active_tasks, dag.max_consecutive_failed_dag_runs) == (2, 3, 4)
    assert (dag.fail_fast, dag.dagrun_timeout, dag.is_paused_upon_creation) == (True, timedelta(hours=1), True)
    assert (dag.catchup, dag.schedule) == (True, "30 6 * * *")


@pytest.mark.parametrize(
    ("options", "timetable"),
    [
        ({"schedule": None}, "NullTimetable"),
        ({"schedule": "@daily", "catchup": False}, "CronDataIntervalTimetable|CronTriggerTimetable"),
        ({"schedule": "every:5400"}, "DeltaDataIntervalTimetable|DeltaTriggerTimetable"),
        ({"assets": ("a", "b")}, "AssetTriggeredTimetable"),
    ],
)
def test_schedules(loaded, options, timetable):
    dag = loaded(TaskCase("t0"), **options)
    assert type(dag.timetable).__name__ in timetable.split("|")
    if options.get("schedule") == "every:5400":
        assert dag.schedule == timedelta(seconds=5400)


@pytest.mark.parametrize(("either", "kind"), [(False, "AssetAll"), (True, "AssetAny")])
def test_assets_joined(loaded, either, kind):
    condition = loaded(TaskCase("t0"), assets=("a", "b", "c"), assets_any=either).timetable.asset_condition
    assert type(condition).__name__ == kind
    assert [asset.name for asset in condition.objects] == ["a", "b", "c"]


def test_what_is_default_is_not_printed():
    assert render_dag(DagCase("d0", (TaskCase("t0"), TaskCase("t1", upstream=("t0",))), catchup=False)) == (
        """from datetime import datetime, timezone

from airflow.sdk import DAG, BaseOperator


class Play(BaseOperator):
    def execute(self, context):
        pass


with DAG("d0", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)) as dag:
    t0 = Play(task_id="t0")
    t1 = Play(task_id="t1")

    t0 >> t1
"""
    )


@pytest.mark.parametrize(
    "task",
    [
        TaskCase("t0", "empty", acts=(Act(duration_s=60),)),
        TaskCase("t0", "latest_only", mapped_over=2),
        TaskCase("t0", "branch"),
        TaskCase("t0", group="g"),
    ],
)
def test_what_cannot_be_played_is_refused(task):
    with pytest.raises(ValueError, match="t0"):
        render_dag(DagCase("d0", (task,)))
