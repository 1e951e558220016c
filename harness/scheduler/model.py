"""The plain data the scheduler's rules work on: what a Dag is, what a run of it has become.

Specifications (`Task`, `MappedGroup`, `Dag`, `Length`) are frozen and come from the bridge's snapshot;
records (`TaskInstance`, `DagRun`) are what the rules read and the session writes.
All times are instants: microseconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from harness.kernel.instant import Instant, Microseconds, later
from harness.scheduler.policies import PRESENT, SchedulerPolicies

FinalState = Literal["success", "failed", "skipped", "upstream_failed", "removed"]
TaskState = Literal[
    FinalState,
    "scheduled",
    "queued",
    "running",
    "deferred",
    "up_for_retry",
    "up_for_reschedule",
    "awaiting_input",
]
"""A task instance's states, as Airflow names them (`airflow.utils.state.TaskInstanceState`, 3.3.2); None: no status."""

RunState = Literal["queued", "running", "success", "failed"]
"""A run's states, as Airflow names them (`airflow.utils.state.DagRunState`, 3.3.2)."""

DeadlineState = Literal["pending", "met", "missed"]
"""A deadline's states."""

SUCCESS: Final = "success"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"
UPSTREAM_FAILED: Final = "upstream_failed"
REMOVED: Final = "removed"
SCHEDULED: Final = "scheduled"
QUEUED: Final = "queued"
RUNNING: Final = "running"
DEFERRED: Final = "deferred"
UP_FOR_RETRY: Final = "up_for_retry"
UP_FOR_RESCHEDULE: Final = "up_for_reschedule"
AWAITING_INPUT: Final = "awaiting_input"
FINISHED: frozenset[str | None] = frozenset({SUCCESS, FAILED, SKIPPED, UPSTREAM_FAILED, REMOVED})
FAILED_STATES: frozenset[str | None] = frozenset({FAILED, UPSTREAM_FAILED})
SUCCESS_STATES: frozenset[str | None] = frozenset({SUCCESS, SKIPPED})
SCHEDULEABLE: frozenset[str | None] = frozenset({None, UP_FOR_RETRY, UP_FOR_RESCHEDULE})
OCCUPYING: frozenset[str | None] = frozenset({QUEUED, RUNNING})
"""Source: airflow.ti_deps.dependencies_states.EXECUTION_STATES (3.3.2)."""

PENDING: Final = "pending"
MET: Final = "met"
MISSED: Final = "missed"

UNSEEN: Final = "unseen"
"""In the place of a state: of a task instance that nobody has counted."""

Key = tuple[str, int]
"""(task_id, map_index); map_index is -1 for a task instance that is not mapped, or not yet."""

DETAILS: Final = ("task_instances", "lengths", "returned", "skipmixin", "past_depends_met")
"""What of a run takes room; it may be elsewhere until somebody asks for it, see `DagRun.fetch`."""


@dataclass(frozen=True, slots=True)
class KnownLength:
    """A mapped argument whose length is known when the Dag is parsed."""

    length: int


@dataclass(frozen=True, slots=True)
class OfTask:
    """A mapped argument that is a task's return value (also through ``XComArg.map``, which keeps the length)."""

    task_id: str


@dataclass(frozen=True, slots=True)
class Zip:
    """``XComArg.zip``: the shortest of its parts, or the longest when a fill value was given."""

    parts: tuple[Length, ...]
    longest: bool = False


@dataclass(frozen=True, slots=True)
class Concat:
    """``XComArg.concat``: the sum of its parts."""

    parts: tuple[Length, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """``expand(a=…, b=…)``: the cross product of its arguments; no argument at all is length 0."""

    parts: tuple[Length, ...]


Length = KnownLength | OfTask | Zip | Concat | Product


@dataclass(frozen=True, slots=True)
class MappedGroup:
    """A mapped task group.

    Attributes:
        parent: group_id of the next mapped group around it, or None.
        length: how many instances its own expansion makes.
        map_dependencies: task ids whose values its expansion needs.
    """

    group_id: str
    parent: str | None
    length: Length
    map_dependencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """What the scheduler knows of a task; the operator itself stays in the bridge.

    Attributes:
        groups: mapped task groups around it, closest first.
        length: its own ``expand``, None when it is not a mapped operator.
        map_dependencies: task ids whose values its own ``expand`` needs.
        relevant_setups: indirect setups whose success it requires
            (``get_upstreams_only_setups`` minus direct upstreams is taken by the rule, not here).
        retry_exponential_backoff: multiplier; 0 is off, True in a Dag is 2.0.
        priority_weight: the total weight after the weight rule.
        place: among the Dag's tasks as they were defined, from 0.
        short_circuits: a plain EmptyOperator that Airflow sets to success without running it
            (``TaskInstance.is_task_schedulable`` is False).
    """

    task_id: str
    operator: str
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    trigger_rule: str = "all_success"
    is_setup: bool = False
    is_teardown: bool = False
    on_failure_fail_dagrun: bool = False
    groups: tuple[str, ...] = ()
    length: Length | None = None
    map_dependencies: tuple[str, ...] = ()
    relevant_setups: tuple[str, ...] = ()
    retries: int = 0
    retry_delay: Microseconds = 300_000_000
    retry_exponential_backoff: float = 0.0
    max_retry_delay: Microseconds | None = None
    depends_on_past: bool = False
    wait_for_downstream: bool = False
    ignore_first_depends_on_past: bool = True
    wait_for_past_depends_before_skipping: bool = False
    pool: str = "default_pool"
    pool_slots: int = 1
    priority_weight: int = 1
    queue: str = "default"
    executor: str | None = None
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None
    start_date: Instant | None = None
    end_date: Instant | None = None
    inherits_from_skipmixin: bool = False
    short_circuits: bool = False
    place: int = 0

    @property
    def is_mapped(self) -> bool:
        """Whether the task itself is a mapped operator (a task inside a mapped group need not be)."""
        return self.length is not None

    @property
    def needs_expansion(self) -> bool:
        """Whether the task has more than one instance: mapped itself or in a mapped group."""
        return self.length is not None or bool(self.groups)


@dataclass(frozen=True, slots=True)
class QueuedAt:
    """Counted from when the run was queued (``DAGRUN_QUEUED_AT``)."""


@dataclass(frozen=True, slots=True)
class LogicalDate:
    """Counted from the run's logical date (``DAGRUN_LOGICAL_DATE``)."""


@dataclass(frozen=True, slots=True)
class FixedDatetime:
    """Counted from an instant that is the same for all runs (``FIXED_DATETIME``)."""

    at: Instant


@dataclass(frozen=True, slots=True)
class AverageRuntime:
    """Counted from the run's creation plus what runs took before it on average (``AVERAGE_RUNTIME``).

    Attributes:
        max_runs, min_runs: of how many runs the average is taken at the most, and at the least.
        only_successful: runs that failed are left out, as from 3.3 on.
    """

    max_runs: int
    min_runs: int
    only_successful: bool = True


@dataclass(frozen=True, slots=True)
class Custom:
    """Counted from an instant that code of the user's computes; the caller asks it."""

    name: str


Reference = QueuedAt | LogicalDate | FixedDatetime | AverageRuntime | Custom


@dataclass(frozen=True, slots=True)
class DeadlineAlert:
    """One of a Dag's ``deadline=``.

    Attributes:
        interval: what is added to the reference; the key of a Variable of seconds for a ``VariableInterval``.
        place: among the Dag's alerts, from 0.
    """

    reference: Reference
    interval: Microseconds | str
    place: int = 0
    name: str | None = None


@dataclass(slots=True, eq=False)
class Deadline:
    """A deadline of one run.

    Attributes:
        due: None when none was made, ``reason`` says why.
        interval: what was added to the reference.
        state: ``pending``, ``met`` or ``missed``.
        missed_at: when the scheduler saw that it was missed.
        callback_state: ``pending``, ``queued``, ``running``, ``success`` or ``failed``; None while it is not missed.
    """

    alert: DeadlineAlert
    due: Instant | None
    interval: Microseconds | None = None
    state: DeadlineState = PENDING
    missed_at: Instant | None = None
    reason: str | None = None
    callback_state: str | None = None


@dataclass(frozen=True, slots=True)
class Dag:
    """A Dag as the scheduler sees it. ``tasks`` is in topological order, ties by task_id.

    ``policies``: rules that versions of Airflow have differently. ``deadlines``: what each of its runs has.
    ``derived`` is the rules' own cache of what follows from ``tasks`` and ``groups`` (see ``wiring``).
    """

    dag_id: str
    tasks: Mapping[str, Task]
    groups: Mapping[str, MappedGroup] = field(default_factory=dict)
    max_active_tasks: int = 16
    max_active_runs: int = 16
    fail_fast: bool = False
    catchup: bool = False
    dagrun_timeout: Microseconds | None = None
    max_consecutive_failed_dag_runs: int = 0
    policies: SchedulerPolicies = PRESENT
    deadlines: tuple[DeadlineAlert, ...] = ()
    derived: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)


@dataclass(slots=True, eq=False)
class TaskInstance:
    """One task of one run, or one mapped instance of it.

    Attributes:
        max_tries: ``retries`` when the run was created; the last try_number is ``max_tries + 1``.
        due: when a wait ends (``up_for_retry``, ``up_for_reschedule``), else None.
        retry_delay_override: from a retry policy, replaces the computed delay.
        reason: why it is in its state, in a sentence, when a rule put it there.
        seen: the state in which whoever counts states has counted it (`UNSEEN`: in none).
    """

    task: Task
    run: DagRun = field(repr=False)
    map_index: int
    state: TaskState | None = None
    try_number: int = 0
    max_tries: int = 0
    start: Instant | None = None
    end: Instant | None = None
    due: Instant | None = None
    retry_delay_override: Microseconds | None = None
    reason: str | None = None
    extra: Any = field(default=None, repr=False)  # the session's own record of attempts
    seen: str | None = field(default=UNSEEN, repr=False)

    @property
    def key(self) -> Key:
        return (self.task.task_id, self.map_index)

    @property
    def task_id(self) -> str:
        return self.task.task_id

    @property
    def name(self) -> str:
        """``task_id``, with ``[map_index]`` when mapped."""
        return self.task.task_id if self.map_index < 0 else f"{self.task.task_id}[{self.map_index}]"


@dataclass(slots=True, eq=False)
class DagRun:
    """One run of a Dag and all that the rules may ask of it.

    Attributes:
        logical_date: None for an asset-triggered or dateless manual run.
        previous: the run before it by logical date (``DagRun.get_previous_dagrun``), for past dependencies.
        next: the run that looks at this one's past, the other end of ``previous``.
        lengths: task_id -> length its unmapped return value was pushed with (Airflow's ``task_map``).
        returned: task_id -> map indexes that pushed a ``return_value`` (only >= 0 are counted for mapping).
        skipmixin: key -> value of the ``skipmixin_key`` XCom that a branching task pushed.
        past_depends_met: keys that recorded ``past_depends_met``.
        clear_number: how often the run was cleared.
        backfill_id: the backfill that made it or cleared it last, None outside backfills.
        backfill_ordinal: its place in that backfill, from 1; the first ignores ``depends_on_past``.
        backfill_max_active_runs: that backfill's limit, which stands for the Dag's.
        former_ordinals: its places in backfills before.
        ordinal: how many runs of all Dags were made before it.
        queued_at: when it was made, or cleared last.
        date_ahead: how far the clock that gave its logical date was ahead of the simulation's.
        deadlines: its own, by the place of their alerts.
        examined: when the scheduler last looked at it (``last_scheduling_decision``).
        memory: the rules' own, what the last decision saw (see ``memory``).
        fetch: brings `DETAILS` that were taken away back; None where they are here.
    """

    dag: Dag
    run_id: str
    run_type: str
    logical_date: Instant | None
    data_interval_start: Instant | None
    data_interval_end: Instant | None
    run_after: Instant
    state: RunState = QUEUED
    start: Instant | None = None
    end: Instant | None = None
    conf: Mapping[str, Any] = field(default_factory=dict)
    previous: DagRun | None = field(default=None, repr=False)
    next: DagRun | None = field(default=None, repr=False)
    task_instances: dict[Key, TaskInstance] = field(default_factory=dict, repr=False)
    lengths: dict[str, int] = field(default_factory=dict)
    returned: dict[str, set[int]] = field(default_factory=dict)
    skipmixin: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    past_depends_met: set[Key] = field(default_factory=set)
    reason: str | None = None
    clear_number: int = 0
    backfill_id: str | None = None
    backfill_ordinal: int | None = None
    backfill_max_active_runs: int | None = None
    former_ordinals: tuple[int, ...] = ()
    ordinal: int = 0
    examined: Instant | None = None
    queued_at: Instant | None = None
    date_ahead: Microseconds = 0
    deadlines: list[Deadline] = field(default_factory=list, repr=False)
    memory: Any = field(default=None, repr=False)
    extra: Any = field(default=None, repr=False)  # the session's own record of the run
    fetch: Callable[[], None] | None = field(default=None, repr=False)

    if not TYPE_CHECKING:  # only asked where the slot is empty: who finds them there pays nothing

        def __getattr__(self, name: str) -> Any:
            """Details that were taken away, as soon as anybody asks for one of them."""
            if name not in DETAILS or self.fetch is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            self.fetch()
            return object.__getattribute__(self, name)

    @property
    def begins_at(self) -> Instant | None:
        """The instant before which no task of it runs (``RunnableExecDateDep``), None for a run without a date."""
        return None if self.logical_date is None else later(self.logical_date, -self.date_ahead)

    def instances(self, task_id: str) -> Iterator[TaskInstance]:
        """The instances of a task in map_index order."""
        found = [ti for ti in self.task_instances.values() if ti.task.task_id == task_id]
        return iter(sorted(found, key=lambda ti: ti.map_index))
