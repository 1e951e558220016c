"""Task instances that are given a state while they wait for a slot or a worker."""

from airflow.sdk import DAG, task

from harness.world import World
from tests.engine.exploration.exploration_dags import START


def states(result):
    return {ti.name: ti.state for ti in result.task_instances}


def fails():
    raise ValueError


def works():
    return 1


def test_fail_fast_stops_what_is_queued_at_the_same_instant(rehearse):
    with DAG("fast", schedule="@daily", start_date=START, fail_fast=True) as dag:
        task(task_id="fails", priority_weight=2)(fails)()
        task(task_id="behind")(works)()
    result = rehearse(dag)
    assert states(result) == {"fails": "failed", "behind": "skipped"}
    assert not result.task("behind").attempts


def test_a_task_skipped_while_it_is_queued_does_not_run(rehearse):
    """``late`` need not wait for ``gate``; Airflow's API refuses the start of what is not queued any more."""
    with DAG("late", schedule="@daily", start_date=START) as dag:
        gate = task.short_circuit(task_id="gate", priority_weight=9)(lambda: False)()
        gate >> task(task_id="late", trigger_rule="always")(works)()
    result = rehearse(dag)
    assert states(result) == {"gate": "success", "late": "skipped"}
    assert not result.task("late").attempts


def test_a_task_skipped_while_it_waits_for_a_slot_does_not_run(rehearse):
    world = World()
    world.set_pool("narrow", 1)
    with DAG("narrow", schedule="@daily", start_date=START) as dag:
        gate = task.short_circuit(task_id="gate", pool="narrow", priority_weight=9)(lambda: False)()
        gate >> task(task_id="late", trigger_rule="always", pool="narrow", priority_weight=5)(works)()
        task(task_id="other", pool="narrow")(works)()
    assert states(rehearse(dag, world)) == {"gate": "success", "late": "skipped", "other": "success"}


def test_what_follows_a_mapped_group_whose_length_was_never_known_runs(rehearse):
    from airflow.sdk import task_group

    with DAG("unknown", schedule="@daily", start_date=START) as dag:

        @task_group
        def each(item):
            task(task_id="read")(lambda item: item)(item)

        each.expand(item=task(task_id="files")(fails)()) >> task(task_id="after", trigger_rule="all_done")(works)()
    assert states(rehearse(dag)) == {"files": "failed", "each.read": "upstream_failed", "after": "success"}
