"""An Airflow Dag as the scheduler's plain data (`harness.scheduler.model`), and what of it has no place there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.bridge.deadlines import alerts_of
from harness.bridge.operators import fails_the_run
from harness.bridge.timetables import timetable_of
from harness.bridge.versions.names import attribute, loop_task_group
from harness.bridge.versions.scheduling import policies, retry_multiplier
from harness.bridge.versions.timetables import batches_events, groups_events
from harness.kernel.instant import Instant, Microseconds, span, to_instant
from harness.scheduler.dag_runs.calendar import AllOf, AnyOf, AssetPolicy, Condition, OfAlias, OfAsset
from harness.scheduler.model import Concat, Dag, KnownLength, Length, MappedGroup, OfTask, Product, Task, Zip

if TYPE_CHECKING:
    from airflow.sdk import DAG


def one_task_dag() -> DAG:
    """A Dag whose one task does nothing: running it imports all that running any Dag needs."""
    from airflow.sdk import DAG, task

    with DAG("warm_up", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)) as dag:
        task(_nothing)()
    return dag


def _nothing() -> None:
    """The body of a task."""


def snapshot(dag: DAG, only: Iterable[str] | None = None) -> Dag:
    """What the scheduler needs to know of a Dag.

    Args:
        only: task ids to keep; edges to the others are cut, as in ``DAG.partial_subset``.
    """
    kept = set(dag.task_dict) if only is None else set(only)
    places = {task_id: place for place, task_id in enumerate(dag.task_dict)}
    order = [task for task in topological(dag) if task.task_id in kept]
    groups = {group.group_id: _group(group) for task in order for group in task.iter_mapped_task_groups()}
    return Dag(
        dag_id=dag.dag_id,
        tasks={task.task_id: _task(task, kept, places[task.task_id]) for task in order},
        groups=groups,
        max_active_tasks=dag.max_active_tasks,
        max_active_runs=dag.max_active_runs,
        fail_fast=dag.fail_fast,
        catchup=dag.catchup,
        dagrun_timeout=None if dag.dagrun_timeout is None else span(dag.dagrun_timeout),
        policies=policies(),
        deadlines=alerts_of(dag),
        max_consecutive_failed_dag_runs=dag.max_consecutive_failed_dag_runs or 0,
    )


def topological(dag: DAG) -> list[Any]:
    """Operators, each after all its upstreams, ties by task_id."""
    left = {task_id: set(task.upstream_task_ids) for task_id, task in dag.task_dict.items()}
    order = []
    while left:
        ready = sorted(task_id for task_id, upstream in left.items() if not upstream)
        if not ready:  # a cycle: DAG.check_cycle has reported it; keep what is left in name order
            ready = sorted(left)
        for task_id in ready:
            order.append(dag.task_dict[task_id])
            del left[task_id]
        for upstream in left.values():
            upstream.difference_update(ready)
    return order


def _task(task: Any, kept: set[str], place: int) -> Task:
    mapped = bool(getattr(task, "is_mapped", False))
    return Task(
        task_id=task.task_id,
        operator=task.task_type,
        upstream=tuple(sorted(task.upstream_task_ids & kept)),
        downstream=tuple(sorted(task.downstream_task_ids & kept)),
        trigger_rule=str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        is_setup=bool(task.is_setup),
        is_teardown=bool(task.is_teardown),
        on_failure_fail_dagrun=fails_the_run(task),
        groups=tuple(group.group_id for group in task.iter_mapped_task_groups()),
        length=length_of(task._get_specified_expand_input()) if mapped else None,
        map_dependencies=tuple(sorted(op.task_id for op in task.iter_mapped_dependencies())) if mapped else (),
        relevant_setups=tuple(sorted(setup.task_id for setup in task.get_upstreams_only_setups())),
        retries=task.retries or 0,
        retry_delay=_delay(task.retry_delay),
        retry_exponential_backoff=retry_multiplier(task.retry_exponential_backoff),
        max_retry_delay=None if task.max_retry_delay is None else _delay(task.max_retry_delay),
        depends_on_past=bool(task.depends_on_past),
        wait_for_downstream=bool(task.wait_for_downstream),
        ignore_first_depends_on_past=bool(task.ignore_first_depends_on_past),
        wait_for_past_depends_before_skipping=bool(task.wait_for_past_depends_before_skipping),
        pool=task.pool,
        pool_slots=task.pool_slots,
        priority_weight=_weight(task),
        queue=task.queue,
        executor=task.executor,
        max_active_tis_per_dag=task.max_active_tis_per_dag,
        max_active_tis_per_dagrun=task.max_active_tis_per_dagrun,
        start_date=_instant(task.start_date),
        end_date=_instant(task.end_date),
        inherits_from_skipmixin=bool(task.inherits_from_skipmixin),
        short_circuits=_short_circuits(task),
        place=place,
    )


def _short_circuits(task: Any) -> bool:
    """Source: ``TaskInstance.is_task_schedulable`` (3.3.2), negated."""
    return bool(task.inherits_from_empty_operator) and not (
        task.has_on_execute_callback or task.has_on_success_callback or task.outlets or task.inlets
    )


def _group(group: Any) -> MappedGroup:
    around = next(iter(list(group.iter_mapped_task_groups())[1:]), None)
    return MappedGroup(
        group_id=group.group_id,
        parent=around.group_id if around is not None else None,
        length=length_of(group._expand_input),
        map_dependencies=tuple(sorted({op.task_id for op in group.iter_mapped_dependencies()})),
    )


def length_of(expand_input: Any) -> Length:
    """The length of an ``expand`` (cross product) or ``expand_kwargs`` as an expression.

    Source: ``SchedulerDictOfListsExpandInput``/``SchedulerListOfDictsExpandInput.get_total_map_length`` (3.3.2).
    """
    if expand_input.EXPAND_INPUT_TYPE == "dict-of-lists":
        return Product(tuple(_argument(value) for value in expand_input.value.values()))
    return _argument(expand_input.value)


@lru_cache(maxsize=1)
def default_max_active_tasks() -> int:
    """``core.max_active_tasks_per_dag``: what a Dag has that says nothing."""
    from airflow.configuration import conf

    return int(conf.getint("core", "max_active_tasks_per_dag"))


def _argument(value: Any) -> Length:
    """Source: ``get_task_map_length`` for each kind of ``XComArg`` (3.3.2)."""
    from airflow.sdk.definitions import xcom_arg

    if isinstance(value, xcom_arg.MapXComArg):
        return _argument(value.arg)
    if isinstance(value, xcom_arg.ZipXComArg):
        return Zip(tuple(_argument(arg) for arg in value.args), longest=_is_set(value.fillvalue))
    if isinstance(value, xcom_arg.ConcatXComArg):
        return Concat(tuple(_argument(arg) for arg in value.args))
    if isinstance(value, xcom_arg.PlainXComArg):
        return OfTask(value.operator.task_id)
    return KnownLength(len(value))


def _is_set(value: Any) -> bool:
    return type(value).__name__ not in {"ArgNotSet", "NotSetType"} and repr(value) != "NOTSET"


def _weight(task: Any) -> int:
    """Total priority weight. Source: ``airflow.task.priority_strategy`` (3.3.2)."""
    rule = getattr(task.weight_rule, "value", task.weight_rule)
    own = int(task.priority_weight)
    if rule not in ("downstream", "upstream", "absolute"):
        return _custom_weight(task, rule)
    if rule == "absolute":
        return own
    related = task.get_flat_relative_ids(upstream=rule == "upstream")
    return own + sum(int(task.dag.task_dict[task_id].priority_weight) for task_id in related)


def _custom_weight(task: Any, rule: Any) -> int:
    from types import SimpleNamespace

    name = type(rule).__name__
    if "Absolute" in name or not hasattr(rule, "get_weight"):
        return int(task.priority_weight)
    return int(rule.get_weight(SimpleNamespace(task=task, try_number=1, map_index=-1)))


def _delay(value: timedelta | float) -> Microseconds:
    return span(value if isinstance(value, timedelta) else timedelta(seconds=value))


def _instant(value: datetime | None) -> Instant | None:
    return None if value is None else to_instant(value)


def asset_condition(dag: DAG) -> Condition | None:
    """What a Dag waits for when it is scheduled on assets, None when it is not.

    Source: ``Timetable.asset_condition``; only ``AssetTriggeredTimetable`` (and ``AssetOrTimeSchedule``, which is one)
    makes asset-triggered runs, as ``_create_dag_runs_asset_triggered`` asks (3.3.2).
    """
    from airflow.timetables.simple import AssetTriggeredTimetable

    timetable = timetable_of(dag)
    if not isinstance(timetable, AssetTriggeredTimetable) or attribute(timetable, "partitioned"):
        return None
    return _condition(timetable.asset_condition)


def asset_policy(dag: DAG) -> AssetPolicy:
    """How the Dag's asset events become runs: its timetable says it from 3.4 on (``[scheduler] batch_asset_events``).

    Source: ``Timetable.batch_asset_events``, ``DagModel.NUM_DAGS_PER_DAGRUN_QUERY`` (3.4.0b2).
    """
    from airflow.configuration import conf

    batch = batches_events(timetable_of(dag))
    if batch is None:
        return AssetPolicy()
    runs_a_loop = conf.getint("scheduler", "max_dagruns_to_create_per_loop", fallback=10)
    return AssetPolicy("batch" if batch else "each", bool(dag.catchup), runs_a_loop)


def _condition(asset: Any) -> Condition:
    """Told by the class names: the SDK's classes and their serialised counterparts share them."""
    kind = type(asset).__name__.removeprefix("Serialized")
    if kind in ("AssetAll", "AssetAny"):
        parts = tuple(_condition(part) for part in asset.objects)
        return AllOf(parts) if kind == "AssetAll" else AnyOf(parts)
    if kind == "AssetAlias":
        return OfAlias(asset.name)
    return OfAsset(getattr(asset, "name", None), getattr(asset, "uri", None))


def watched_assets(dag: DAG) -> list[str]:
    """Names of the assets in a Dag's schedule that watchers listen for, sorted.

    Asked of the Dag's own timetable: what the scheduler keeps of it has no watchers.
    Source: ``AssetModelOperation.add_asset_trigger_references`` (3.3.2).
    """
    return sorted({str(asset.name) for asset in _assets_in(getattr(dag.timetable, "asset_condition", None))})


def _assets_in(condition: Any) -> Iterator[Any]:
    for part in getattr(condition, "objects", ()):
        yield from _assets_in(part)
    if getattr(condition, "watchers", None):
        yield condition


def loops(dag: DAG) -> list[str]:
    """Groups whose tasks Airflow repeats until their gate stops them (3.4, ``@task_group(…).loop``), by group_id."""
    kind = loop_task_group()
    if kind is None:
        return []
    groups = dag.task_group.get_task_group_dict()
    return sorted(str(name) for name, group in groups.items() if isinstance(group, kind))


def unknown_schedule(dag: DAG) -> str | None:
    """Why runs of a Dag's schedule are not made as Airflow makes them; None where they are.

    Source: ``Timetable.asset_gated`` and ``Timetable.group_asset_events`` (3.4.0b2).
    """
    timetable = timetable_of(dag)
    kind = type(timetable).__name__
    if attribute(timetable, "asset_gated"):
        return f"its timetable ({kind}) has scheduled runs wait for assets, here they do not"
    if groups_events(timetable):
        return f"its timetable ({kind}) groups asset events in a way of its own"
    return None
