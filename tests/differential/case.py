"""A case of the differential tests: Dags as plain data, and what each try of each task does.

A case is rendered as ordinary Dag files (`render`), which both sides load. At scheduler level the real scheduler's
executor plays the acts without running the files' code; the harness runs the code, which does what the acts say.
All durations are whole virtual seconds, all dates ISO 8601 with a zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Act:
    """What one try of a task instance does.

    Attributes:
        state: how the try ends: "success", "failed" (an exception: retried while tries are left),
            "fail" (AirflowFailException: no retry), "skipped" (AirflowSkipException).
        duration_s: virtual seconds in state running, for every stretch.
        reschedules_s: before the last stretch, stretches that end in up_for_reschedule, each for so long.
        deferred_s: after a first stretch the task defers for so long, then runs a last stretch; None: never.
        returns: length of the list it returns as XCom; None returns None.
        follows: of a branching task: the direct downstream task ids it follows; None when it does not branch.
    """

    state: str = "success"
    duration_s: int = 0
    reschedules_s: tuple[int, ...] = ()
    deferred_s: int | None = None
    returns: int | None = None
    follows: tuple[str, ...] | None = None


@dataclass(frozen=True)
class TaskCase:
    """One task.

    Attributes:
        kind: "plain" (an operator that plays its acts), "empty" (EmptyOperator), "branch" (BaseBranchOperator),
            "short_circuit" (ShortCircuitOperator; its act's ``follows`` is () or None), "latest_only".
        upstream: ids of tasks, as written with ``>>``.
        acts: one for each try, the last for all further ones. A mapped instance takes ``acts_of[map_index]`` when
            that is there.
        mapped_over: a task id (its returned list), or a literal length; None when not mapped by itself.
        group: name of the task group it is in, "" for none; nested ones with a dot ("outer.inner"). Task ids are
            whole, with the groups' prefix ("outer.inner.t3").
        is_setup, is_teardown: ``as_setup()``; ``as_teardown(setups=teardown_of, …)``.
        weight_rule: "downstream", "upstream" or "absolute".
        queue: any but "default" is one that no worker serves.
    """

    task_id: str
    kind: str = "plain"
    upstream: tuple[str, ...] = ()
    trigger_rule: str = "all_success"
    acts: tuple[Act, ...] = (Act(),)
    acts_of: dict[int, tuple[Act, ...]] = field(default_factory=dict)
    retries: int = 0
    retry_delay_s: int = 300
    retry_exponential_backoff: float = 0.0
    max_retry_delay_s: int | None = None
    depends_on_past: bool = False
    wait_for_downstream: bool = False
    ignore_first_depends_on_past: bool = True
    pool: str = "default_pool"
    pool_slots: int = 1
    priority_weight: int = 1
    weight_rule: str = "downstream"
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None
    is_setup: bool = False
    is_teardown: bool = False
    teardown_of: tuple[str, ...] = ()
    on_failure_fail_dagrun: bool = False
    ignore_downstream_trigger_rules: bool = True
    mapped_over: str | int | None = None
    group: str = ""
    execution_timeout_s: int | None = None
    outlets: tuple[str, ...] = ()
    executor: str | None = None
    queue: str = "default"


@dataclass(frozen=True)
class GroupCase:
    """A task group; ``mapped_over`` a task id or a literal length when the group itself is mapped."""

    group_id: str
    mapped_over: str | int | None = None


@dataclass(frozen=True)
class DeadlineCase:
    """A deadline of all runs of a Dag.

    Attributes:
        reference: "queued_at", "logical_date" or "fixed".
        interval_s: after the reference. No run should end then: to the second, Airflow's clock shows it later.
        at: the date of "fixed".
    """

    reference: str
    interval_s: int
    at: str | None = None


@dataclass(frozen=True)
class DagCase:
    """One Dag, rendered as one file named ``<dag_id>.py``.

    Attributes:
        schedule: None, a cron expression or preset ("@daily"), or "every:<seconds>" for a timedelta.
        assets: names of assets that schedule it, instead of ``schedule``; ``assets_any`` joins them with ``|``.
        is_paused: paused when the calendar begins.
    """

    dag_id: str
    tasks: tuple[TaskCase, ...]
    groups: tuple[GroupCase, ...] = ()
    schedule: str | None = "@daily"
    assets: tuple[str, ...] = ()
    assets_any: bool = False
    start_date: str = "2025-01-01T00:00:00+00:00"
    end_date: str | None = None
    catchup: bool = True
    max_active_runs: int = 16
    max_active_tasks: int = 16
    max_consecutive_failed_dag_runs: int = 0
    fail_fast: bool = False
    dagrun_timeout_s: int | None = None
    is_paused: bool = False
    deadlines: tuple[DeadlineCase, ...] = ()


@dataclass(frozen=True)
class PoolCase:
    """A pool; -1 slots are unlimited."""

    slots: int
    include_deferred: bool = False


@dataclass(frozen=True)
class ManualRun:
    """A run that a person triggers at a virtual instant; its logical date is that instant."""

    at: str
    dag_id: str
    run_id: str


@dataclass(frozen=True)
class BackfillCase:
    """A backfill that a person asks for at a virtual instant; the fields are those of ``_create_backfill``."""

    at: str
    dag_id: str
    from_date: str
    to_date: str
    reverse: bool = False
    max_active_runs: int = 10
    reprocess: str = "none"
    run_on_latest_version: bool = True


@dataclass(frozen=True)
class Case:
    """What both sides are given: from ``start`` to ``until`` of virtual time the scheduler works.

    Attributes:
        executors: slots by alias, the first is the default; none is one executor of ``parallelism`` slots.
    """

    dags: tuple[DagCase, ...]
    start: str
    until: str
    parallelism: int = 32
    pools: dict[str, PoolCase] = field(default_factory=dict)
    manual_runs: tuple[ManualRun, ...] = ()
    executors: dict[str, int] = field(default_factory=dict)
    backfills: tuple[BackfillCase, ...] = ()


@dataclass(frozen=True, order=True)
class Event:
    """One change of state, the unit of comparison.

    Attributes:
        at: ISO 8601 virtual UTC, microseconds left out when zero.
        task_id: "" for the run itself; then ``map_index`` is -1 and ``try_number`` 0.
        state: of the task instance, or of the run. States that came and went within one instant are not told, except
            "queued" and "running", which stand for the workload's start: in the order the executor got them.
    """

    at: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    state: str


@dataclass(frozen=True)
class History:
    """What one side made of a case.

    Attributes:
        events: in order of time; within one instant sorted, so that only what can be observed is compared.
        queued: (at, dag_id, run_id, task_id, map_index) in the order the executor was given the workloads.
        runs: (dag_id, run_id, run_type, logical_date, data_interval_start, data_interval_end, created_at), sorted.
        final: (dag_id, run_id, task_id, map_index) -> (state, try_number), of every task instance.
        run_states: (dag_id, run_id) -> state.
        deadlines: (dag_id, run_id, due, when it was missed), sorted; the last is None for those that are neither missed
            nor met. Those that are met are not told.
        backfills: of each, by its number in the case: ("1", "refused", exception), or ("1", place, logical_date,
            "made" or the reason why not) for each date and ("1", "complete", when or None).
    """

    events: tuple[Event, ...]
    queued: tuple[tuple[str, str, str, str, int], ...]
    runs: tuple[tuple[str | None, ...], ...]
    final: dict[tuple[str, str, str, int], tuple[str | None, int]]
    run_states: dict[tuple[str, str], str]
    deadlines: tuple[tuple[str, str, str, str | None], ...] = ()
    backfills: tuple[tuple[str | None, ...], ...] = ()
