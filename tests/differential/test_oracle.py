"""The oracle itself, on cases whose outcome Airflow's source tells."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.differential.case import Act, Case, DagCase, DeadlineCase, History, ManualRun, PoolCase, TaskCase
from tests.differential.codec import decode, encode
from tests.differential.oracle.client import Oracle, OracleError

DAGS = Path(__file__).parent / "oracle_dags"
MIDNIGHT = "2025-01-01T00:00:00+00:00"
Play = Callable[[Case], History]


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with Oracle() as started:
        yield started


@pytest.fixture
def play(oracle: Oracle, tmp_path: Path) -> Play:
    """Play a case whose Dag files are in ``oracle_dags``."""

    def played(case: Case) -> History:
        copy_dags(tmp_path, [dag.dag_id for dag in case.dags])
        return oracle.scheduler(tmp_path, case)

    return played


def copy_dags(folder: Path, dag_ids: list[str]) -> None:
    for dag_id in dag_ids:
        shutil.copy(DAGS / f"{dag_id}.py", folder)


def by_hand(dag_id: str, *tasks: TaskCase, hours: int = 2, **options: Any) -> Case:
    """A case of one Dag that is started once, at midnight."""
    dag = DagCase(dag_id, tasks, schedule=None, **options)
    until = f"2025-01-01T{hours:02}:00:00+00:00"
    return Case((dag,), MIDNIGHT, until, manual_runs=(ManualRun(MIDNIGHT, dag_id, "by_hand"),))


def linear(*acts: Act) -> Case:
    kept: dict[str, Any] = {"retries": 1, "retry_delay_s": 120, "execution_timeout_s": 300}
    first = TaskCase("first", acts=acts, **kept)
    return by_hand("linear", first, TaskCase("second", upstream=("first",), acts=(Act(duration_s=20),), **kept))


def told(history: History) -> list[tuple[str, str, str]]:
    """(time of day, task or run, state), but for queued, which running always follows."""
    return [(e.at[11:19], e.task_id or e.dag_id, e.state) for e in history.events if e.state != "queued"]


def states(history: History) -> dict[str, str | None]:
    return {
        task if index < 0 else f"{task}[{index}]": state for (_, _, task, index), (state, _) in history.final.items()
    }


def test_one_task_after_the_other(play: Play) -> None:
    history = play(linear(Act(duration_s=10)))
    assert told(history) == [
        ("00:00:00", "linear", "running"),
        ("00:00:00", "first", "running"),
        ("00:00:10", "first", "success"),
        ("00:00:10", "second", "running"),
        ("00:00:30", "linear", "success"),
        ("00:00:30", "second", "success"),
    ]
    assert [one[3] for one in history.queued] == ["first", "second"]
    assert history.run_states == {("linear", "by_hand"): "success"}
    assert history.runs == (("linear", "by_hand", "manual", MIDNIGHT, MIDNIGHT, MIDNIGHT, MIDNIGHT),)


def test_a_failure_is_retried_after_its_delay_and_a_last_one_is_not(play: Play) -> None:
    history = play(linear(Act("failed", 10)))
    assert told(history)[2:] == [
        ("00:00:10", "first", "up_for_retry"),
        ("00:02:10", "first", "running"),
        ("00:02:20", "linear", "failed"),
        ("00:02:20", "first", "failed"),
        ("00:02:20", "second", "upstream_failed"),
    ]
    assert history.final["linear", "by_hand", "first", -1] == ("failed", 2)
    assert states(play(linear(Act("fail", 10)))) == {"first": "failed", "second": "upstream_failed"}


def test_stretches_of_reschedules_and_deferrals(play: Play) -> None:
    history = play(linear(Act("skipped", 5, reschedules_s=(60,), deferred_s=600)))
    assert [one for one in told(history) if one[1] == "first"] == [
        ("00:00:00", "first", "running"),
        ("00:00:05", "first", "up_for_reschedule"),
        ("00:01:05", "first", "running"),
        ("00:01:10", "first", "deferred"),
        ("00:11:10", "first", "running"),
        ("00:11:15", "first", "skipped"),
    ]
    assert history.final["linear", "by_hand", "first", -1] == ("skipped", 1)


def test_a_stretch_ends_at_the_execution_timeout(play: Play) -> None:
    history = play(linear(Act(duration_s=3600)))
    ends = [(at, state) for at, task, state in told(history) if task == "first" and state != "running"]
    assert ends == [("00:05:00", "up_for_retry"), ("00:12:00", "failed")]


def test_what_waits_within_one_instant_takes_no_time(play: Play) -> None:
    history = play(linear(Act(reschedules_s=(0,), deferred_s=0)))
    assert [one[3] for one in history.queued] == ["first", "first", "first", "second"]
    assert next(one for one in told(history) if one[1] == "first" and one[2] != "running") == (
        "00:00:00",
        "first",
        "success",
    )


def test_a_pool_of_one_slot_goes_by_priority(play: Play) -> None:
    acts = (Act(duration_s=10),)
    tasks = [TaskCase(name, pool="narrow", acts=acts) for name in ("low", "high", "middle")]
    history = play(dataclasses.replace(by_hand("pooled", *tasks), pools={"narrow": PoolCase(1)}))
    assert [(at[11:19], task) for at, _, _, task, _ in history.queued] == [
        ("00:00:00", "high"),
        ("00:00:10", "middle"),
        ("00:00:20", "low"),
    ]
    assert ("00:00:00", "low", "scheduled") in told(history)


def test_parallelism_of_the_executor(play: Play) -> None:
    tasks = [TaskCase(name, acts=(Act(duration_s=10),)) for name in ("low", "high", "middle")]
    case = dataclasses.replace(by_hand("pooled", *tasks), pools={"narrow": PoolCase(-1)}, parallelism=2)
    assert [(at[11:19], task) for at, _, _, task, _ in play(case).queued] == [
        ("00:00:00", "high"),
        ("00:00:00", "middle"),
        ("00:00:10", "low"),
    ]


def test_each_executor_has_its_slots_and_all_have_parallelism(play: Play) -> None:
    tasks = [TaskCase(name, acts=(Act(duration_s=10),)) for name in ("m0", "s0", "m1", "s1")]
    case = dataclasses.replace(by_hand("sides", *tasks), executors={"main": 2, "side": 1})
    by_executor = [("00:00:00", "m0"), ("00:00:00", "m1"), ("00:00:00", "s0")]
    assert queue_of(play(case)) == [*by_executor, ("00:00:10", "s1")]
    narrow = dataclasses.replace(case, parallelism=2)
    assert queue_of(play(narrow)) == [
        ("00:00:00", "m0"), ("00:00:00", "s0"), ("00:00:10", "m1"), ("00:00:10", "s1"),
    ]  # fmt: skip


def queue_of(history: History) -> list[tuple[str, str]]:
    return [(at[11:19], task) for at, _, _, task, _ in history.queued]


def late(act: Act) -> Case:
    return by_hand("due", TaskCase("only", acts=(act,)), deadlines=(DeadlineCase("queued_at", 61),))


def missed(history: History) -> list[tuple[str, str | None]]:
    return [(due[5:19], None if at is None else at[5:19]) for _, _, due, at in history.deadlines]


def test_deadlines_are_missed_when_they_are_due(play: Play) -> None:
    always, never = ("12-31T23:59:00", "01-01T00:00:00"), ("01-02T00:01:01", None)
    assert missed(play(late(Act(duration_s=60)))) == [always], "all others are met and deleted"
    queued = ("01-01T00:01:01", "01-01T00:01:01")
    assert missed(play(late(Act(duration_s=120)))) == [always, queued]
    later = ("01-01T00:05:01", "01-01T00:05:01")
    assert missed(play(late(Act("failed", 60)))) == [always, queued, later, never], "a run that failed meets none"


def test_a_deadline_that_counts_from_no_date_ends_the_scheduler_of_3_1(play: Play) -> None:
    producer = DagCase("producer", (TaskCase("make", outlets=("parcel",)),))
    undated = DagCase("undated", (TaskCase("take"),), schedule=None, assets=("parcel",))
    case = Case(
        (producer, dataclasses.replace(undated, deadlines=(DeadlineCase("logical_date", 3600),))), MIDNIGHT, MIDNIGHT
    )
    if before_3_2():
        with pytest.raises(OracleError, match="ValueError: No matching record found in the database"):
            play(case)
    else:
        history = play(case)
        assert history.run_states["undated", f"asset_triggered__{MIDNIGHT}"] == "success"
        assert history.deadlines == ()


def before_3_2() -> bool:
    from harness.project.installed import airflow_version

    return airflow_version() < (3, 2)


def daily(**options: Any) -> Case:
    dag = DagCase("daily", (TaskCase("only", acts=(Act(duration_s=60),)),), max_active_runs=1, **options)
    return Case((dag,), "2025-01-03T12:00:00+00:00", "2025-01-04T00:00:00+00:00")


def test_catch_up_makes_one_run_at_a_time(play: Play) -> None:
    history = play(daily())
    assert [(run[1], run[2], run[-1]) for run in history.runs] == [
        (f"scheduled__{logical}", "scheduled", created)
        for logical, created in (
            ("2025-01-01T00:00:00+00:00", "2025-01-03T12:00:00+00:00"),
            ("2025-01-02T00:00:00+00:00", "2025-01-03T12:01:00+00:00"),
            ("2025-01-03T00:00:00+00:00", "2025-01-03T12:02:00+00:00"),
            ("2025-01-04T00:00:00+00:00", "2025-01-04T00:00:00+00:00"),
        )
    ]
    assert list(history.run_states.values()) == ["success", "success", "success", "running"]


def test_a_paused_dag_makes_no_run(play: Play) -> None:
    assert play(daily(is_paused=True)).runs == ()


def test_an_asset_event_makes_a_run(play: Play) -> None:
    producer = DagCase("producer", (TaskCase("make", acts=(Act(duration_s=30),), outlets=("parcel",)),))
    consumer = DagCase("consumer", (TaskCase("take"),), schedule=None, assets=("parcel",))
    history = play(Case((producer, consumer), MIDNIGHT, "2025-01-01T00:15:00+00:00"))
    triggered = [run for run in history.runs if run[0] == "consumer"]
    assert [(run[1], run[2], run[3], run[-1]) for run in triggered] == [
        (f"asset_triggered__{at}", "asset_triggered", None, at)
        for at in ("2025-01-01T00:00:30+00:00", "2025-01-01T00:10:30+00:00")
    ]


def test_a_mapped_task_has_as_many_instances_as_the_list_is_long(play: Play) -> None:
    each = TaskCase("each", mapped_over="listed", acts_of={1: (Act("failed", 5),)})
    tasks = (TaskCase("listed", acts=(Act(returns=3),)), each, TaskCase("after", upstream=("each",)))
    found = states(play(by_hand("mapping", *tasks)))
    assert found == {
        "listed": "success",
        "each[0]": "success",
        "each[1]": "failed",
        "each[2]": "success",
        "after": "upstream_failed",
    }
    none = (TaskCase("listed", acts=(Act(returns=0),)), *tasks[1:])
    assert states(play(by_hand("mapping", *none))) == {"listed": "success", "each": "skipped", "after": "skipped"}
    nothing = (TaskCase("listed"), *tasks[1:])  # XComForMappingNotPushed
    assert states(play(by_hand("mapping", *nothing)))["listed"] == "failed"


def test_branches_short_circuits_and_the_latest(play: Play) -> None:
    tasks = (
        TaskCase("branch", kind="branch", acts=(Act(follows=("left",)),)),
        *(TaskCase(name) for name in ("left", "right", "join", "behind", "always", "newest")),
        TaskCase("circuit", kind="short_circuit", acts=(Act(follows=()),), ignore_downstream_trigger_rules=False),
        TaskCase("latest", kind="latest_only"),
    )
    found = states(play(by_hand("branching", *tasks)))
    assert {task for task, state in found.items() if state == "skipped"} == {"right", "behind"}
    assert {state for task, state in found.items() if task not in ("right", "behind")} == {"success"}


def hasty(act: Act) -> Case:
    long = TaskCase("long", acts=(Act(duration_s=3600),))
    return by_hand("hasty", TaskCase("short", acts=(act,)), long, TaskCase("later", upstream=("long",)))


def test_fail_fast_stops_the_others(play: Play) -> None:
    history = play(hasty(Act("failed", 30)))
    assert states(history) == {"short": "failed", "long": "failed", "later": "skipped"}
    assert ("00:00:30", "long", "failed") in told(history)
    assert max(at for at, _, _ in told(history)) == "00:00:30"


def test_dagrun_timeout_skips_what_is_unfinished(play: Play) -> None:
    history = play(hasty(Act(duration_s=30)))
    assert ("00:10:00", "hasty", "failed") in told(history)
    assert ("00:10:00", "long", "skipped") in told(history)
    # 3.1 leaves alone what had no state yet
    assert states(history)["later"] in ("skipped", None)


def test_nothing_depends_on_the_clock_of_the_machine(play: Play) -> None:
    """SQLite's ``CURRENT_TIMESTAMP`` would be of the machine: in the years asked for, all is past or all is future."""
    case = linear(Act("failed", 10), Act(duration_s=10))
    now = told(play(case))
    for year in ("2022", "2062"):
        moved = [f"{year}-01-01T{hour}:00:00+00:00" for hour in ("00", "02")]
        runs = (ManualRun(moved[0], "linear", "by_hand"),)
        assert told(play(dataclasses.replace(case, start=moved[0], until=moved[1], manual_runs=runs))) == now
    assert play(case) == play(case)


def test_events_at_until_are_told_and_later_ones_are_not(play: Play) -> None:
    case = dataclasses.replace(linear(Act(duration_s=10)), until="2025-01-01T00:00:10+00:00")
    assert told(play(case))[-1] == ("00:00:10", "second", "running")


def test_a_run_of_real_code_takes_no_time(oracle: Oracle, tmp_path: Path) -> None:
    copy_dags(tmp_path, ["really"])
    history = oracle.run(tmp_path, "really", MIDNIGHT)
    assert history.run_state == "failed"
    assert history.final == {
        ("numbers", -1): ("success", 2),
        ("double", 0): ("success", 1),
        ("double", 1): ("success", 1),
        ("overslept", -1): ("failed", 1),
        ("waited", -1): ("success", 1),
    }
    assert history.xcoms["numbers", -1, "return_value"] == [1, 2]
    assert [history.xcoms["double", index, "return_value"] for index in (0, 1)] == [2, 4]


def test_a_dag_that_is_missing_is_an_error(oracle: Oracle, tmp_path: Path) -> None:
    with pytest.raises(OracleError, match=r"DagFilesError: .* missing \['linear'\]"):
        oracle.scheduler(tmp_path, linear(Act()))


def test_a_worker_that_dies_is_reported_with_its_stderr_and_replaced(tmp_path: Path) -> None:
    copy_dags(tmp_path, ["deadly"])
    with Oracle() as oracle:
        with pytest.raises(OracleError, match=r"(?s)exit code 3; its stderr ends with:.*good-bye"):
            oracle.scheduler(tmp_path, by_hand("deadly"))
        assert oracle._process is None


def test_cases_and_histories_survive_json() -> None:
    case = dataclasses.replace(
        linear(Act(follows=()), Act(reschedules_s=(1, 2))),
        pools={"narrow": PoolCase(1)},
        executors={"main": 2},
    )
    mapped = TaskCase("m", mapped_over=3, acts_of={0: (Act(),), 2: (Act("skipped", deferred_s=4),)})
    dag = dataclasses.replace(case.dags[0], tasks=(mapped,), deadlines=(DeadlineCase("queued_at", 61),))
    case = dataclasses.replace(case, dags=(dag,))
    assert decode(Case, encode(case)) == case
    history = History(
        (),
        (("at", "d", "r", "t", -1),),
        (("d", None),),
        {("d", "r", "t", 0): (None, 0)},
        {("d", "r"): "x"},
        (("d", "r", "x", None),),
    )
    assert decode(History, encode(history)) == history
