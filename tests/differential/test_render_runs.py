"""A rendered Dag, run by the harness, does what its acts say."""

from datetime import timedelta
from pathlib import Path

import pytest

from harness.simulation import Rehearsal, RunOptions
from tests.differential.case import Act, Case, DagCase, GroupCase, TaskCase
from tests.differential.render.files import render

SECOND = timedelta(seconds=1)


@pytest.fixture
def run(tmp_path: Path):
    """The first run of a Dag of these tasks."""

    def go(*tasks: TaskCase, **options):
        render(Case((DagCase("d0", tasks, **options),), "", ""), tmp_path)
        return Rehearsal.of_paths([tmp_path]).run("d0", options=RunOptions())

    return go


def states(result):
    return {ti.name: ti.state for ti in result.task_instances}


def stretches(task):
    """(try, state, start, end), in seconds after the first start."""
    first = task.attempts[0].start_date
    return [
        (a.try_number, a.state, (a.start_date - first) // SECOND, (a.end_date - first) // SECOND) for a in task.attempts
    ]


def test_each_try_has_its_act_and_the_last_stays(run):
    acts = (Act("failed", 60), Act("failed", 120), Act("success", 30, returns=2))
    result = run(
        TaskCase("t0", acts=acts, retries=2, retry_delay_s=60),
        TaskCase("t1", acts=(Act("failed"),), retries=1, retry_delay_s=60),
        TaskCase("t2", acts=(Act("fail", 60),), retries=3),
        TaskCase("t3", acts=(Act("skipped", 60),), retries=3),
    )
    assert stretches(result.task("t0")) == [
        (1, "up_for_retry", 0, 60), (2, "up_for_retry", 120, 240), (3, "success", 300, 330),
    ]  # fmt: skip
    assert result.task("t0").xcom() == [0, 1]
    assert stretches(result.task("t1")) == [(1, "up_for_retry", 0, 0), (2, "failed", 60, 60)]
    assert stretches(result.task("t2")) == [(1, "failed", 0, 60)]
    assert stretches(result.task("t3")) == [(1, "skipped", 0, 60)]


def test_reschedules_and_deferrals_in_every_try(run):
    again = Act("failed", 10, reschedules_s=(60, 120), deferred_s=300)
    result = run(TaskCase("t0", acts=(again, Act(duration_s=5, reschedules_s=(60,))), retries=1, retry_delay_s=60))
    assert stretches(result.task("t0")) == [
        (1, "up_for_reschedule", 0, 10), (1, "up_for_reschedule", 70, 80), (1, "deferred", 200, 210),
        (1, "up_for_retry", 510, 520), (2, "up_for_reschedule", 580, 585), (2, "success", 645, 650),
    ]  # fmt: skip


def test_mapped_instances_have_acts_of_their_own(run):
    result = run(
        TaskCase("t0", acts=(Act(returns=3),)),
        TaskCase(
            "t1", mapped_over="t0", acts=(Act(returns=1),), acts_of={1: (Act("failed"), Act(duration_s=60))}, retries=1
        ),
        TaskCase("g.t2", group="g", acts_of={0: (Act("skipped"),)}),
        TaskCase("g.t3", group="g", upstream=("g.t2",)),
        TaskCase("t4", mapped_over=0),
        groups=(GroupCase("g", 2),),
    )
    assert states(result) == {
        "t0": "success", "t1[0]": "success", "t1[1]": "success", "t1[2]": "success", "t4": "skipped",
        "g.t2[0]": "skipped", "g.t2[1]": "success", "g.t3[0]": "skipped", "g.t3[1]": "success",
    }  # fmt: skip
    assert [ti.try_number for ti in result.tasks("t1")] == [1, 2, 1]
    assert [ti.xcom() for ti in result.tasks("t1")] == [[0], None, [0]]


def test_branches_follow_and_short_circuits_cut(run):
    result = run(
        TaskCase("t0", "branch", acts=(Act("failed", 60), Act(follows=("g.t1", "t2"))), retries=1),
        TaskCase("g.t1", group="g", upstream=("t0",)),
        TaskCase("t2", upstream=("t0",)),
        TaskCase("t3", upstream=("t0",)),
        TaskCase("t4", "short_circuit", ("g.t1",), acts=(Act(follows=()),), ignore_downstream_trigger_rules=False),
        TaskCase("t5", upstream=("t4",)),
        TaskCase("t6", upstream=("t5",), trigger_rule="all_done"),
        TaskCase("t7", "short_circuit", ("t2",), acts=(Act(duration_s=60),)),
        TaskCase("t8", upstream=("t7",)),
        TaskCase("t9", "short_circuit", ("t2",), acts=(Act(follows=()),)),
        TaskCase("ta", upstream=("t9",)),
        TaskCase("tb", upstream=("ta",), trigger_rule="all_done"),
    )
    skipped = {name for name, state in states(result).items() if state == "skipped"}
    assert skipped == {"t3", "t5", "ta", "tb"}
    assert {state for name, state in states(result).items() if name not in skipped} == {"success"}
    assert result.task("t0").try_number == 2


def test_mapped_branches_and_short_circuits_decide_by_index(run):
    one, other = Act(follows=("g.t1",)), Act(follows=("g.t2",))
    result = run(
        TaskCase("g.t0", "branch", group="g", acts=(one,), acts_of={1: (other,)}),
        TaskCase("g.t1", upstream=("g.t0",), group="g"),
        TaskCase("g.t2", upstream=("g.t0",), group="g"),
        TaskCase("t3", "short_circuit", mapped_over=2, acts=(Act(follows=()),), acts_of={0: (Act(),)}),
        TaskCase("t4", "branch", mapped_over=2, acts=(Act(follows=()),), acts_of={0: (Act(follows=("t5",)),)}),
        TaskCase("t5", upstream=("t4",)),
        groups=(GroupCase("g", 2),),
    )
    assert [ti.xcom() for ti in result.tasks("g.t0")] == [["g.t1"], ["g.t2"]]
    assert [ti.xcom() for ti in result.tasks("t3")] == [True, False]
    assert [ti.xcom() for ti in result.tasks("t4")] == [["t5"], []]


def test_setup_teardown_and_timeouts(run):
    result = run(
        TaskCase("t0", is_setup=True),
        TaskCase("t1", upstream=("t0",), acts=(Act(duration_s=600),), execution_timeout_s=60),
        TaskCase("t2", upstream=("t1",), is_teardown=True, teardown_of=("t0",)),
        TaskCase("t3", "latest_only"),
        TaskCase("t4", "empty", ("t3",)),
    )
    assert states(result) == {"t0": "success", "t1": "failed", "t2": "success", "t3": "success", "t4": "success"}
    assert stretches(result.task("t1")) == [(1, "failed", 0, 60)]
    assert result.state == "failed"


def test_dagrun_timeout_stops_a_rendered_run(run):
    result = run(TaskCase("t0", acts=(Act(duration_s=600),)), dagrun_timeout_s=60)
    assert (result.state, (result.end_date - result.start_date).total_seconds()) == ("failed", 60)
