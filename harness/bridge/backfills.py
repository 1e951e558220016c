"""What a backfill asks a Dag: the dates between two, whether it may, and what its params make of a conf."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.bridge.timetables import RunPlan, pendulum_of, plan_of, timetable_of
from harness.bridge.versions import timetables as asked
from harness.bridge.versions.names import attribute, task_exception
from harness.bridge.versions.timetables import next_info
from harness.kernel.instant import Instant

if TYPE_CHECKING:
    from airflow.sdk import DAG


def runs_between(dag: DAG, earliest: Instant, latest: Instant) -> Iterator[RunPlan]:
    """The runs whose logical date lies between two instants, both counted; ``start_date`` does not matter.

    Source: ``SerializedDAG.iter_dagrun_infos_between`` (3.1.8, 3.3.2); its runs are named as
    ``DagRun.generate_run_id`` names them. Where Airflow logs what a timetable raises and takes what it has, this
    raises it.
    """
    from airflow.timetables.base import TimeRestriction

    timetable = timetable_of(dag)
    restriction = TimeRestriction(pendulum_of(earliest), pendulum_of(latest), catchup=True)
    info = next_info(timetable, None, restriction)
    while info is not None:
        yield plan_of("backfill", timetable, info).named(f"backfill__{info.run_after.isoformat()}")
        info = next_info(timetable, info, restriction)


def is_partitioned(dag: DAG) -> bool:
    """Whether the Dag's runs have partitions instead of dates; the harness knows none."""
    return bool(attribute(timetable_of(dag), "partitioned"))


def is_periodic(dag: DAG) -> bool:
    """Whether the Dag's schedule is one that can be backfilled."""
    return asked.is_periodic(timetable_of(dag))


def conf_error(dag: DAG, conf: Mapping[str, Any] | None) -> str | None:
    """Why the Dag's params refuse a conf; None when they take it.

    Source: ``_validate_backfill_params``, ``SerializedDAG.create_dagrun`` (3.3.2).
    """
    params = copy.deepcopy(dag.params)
    try:
        params.update(conf or {})
        params.validate()
    except task_exception("ParamValidationError") as error:
        return str(error)
    return None


def on_latest_version(dag: DAG, option: bool | None) -> bool:
    """Whether cleared runs are moved to the newest version of the Dag.

    Source: ``resolve_run_on_latest_version`` (3.3.2), which backfills ask with the fallback True; 3.1 has no other.
    """
    own = attribute(dag, "rerun_with_latest_version") if option is None else option
    return own is None or bool(own)
