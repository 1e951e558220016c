"""An order for what Airflow leaves to chance; to be called before the rest of Airflow is imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow.ti_deps.deps.base_ti_dep import BaseTIDep
from sqlalchemy import event

PLACE = "oracle_place"
QUEUE = re.compile(
    r"ORDER BY -\s*(?P<t>\w+)\.priority_weight\w*, *(?P<date>\w+\.logical_date\w*), *"
    r"(?P<index>\w+\.(?:map|region)_index\w*)"  # the latter from 3.4 on
)
RUN = "(SELECT r.id FROM dag_run r WHERE r.dag_id = task_instance.dag_id AND r.run_id = task_instance.run_id)"
_places: dict[tuple[str, str], int] = {}
"""By dag_id and task_id: which of its Dag's tasks it is, as the Dag file defines them."""

FIRST = ("TriggerRuleDep", "NotPreviouslySkippedDep", "MappedTaskUpstreamDep")


def order_dependencies() -> None:
    """Give dependencies small fixed hashes.

    ``TaskInstance.get_failed_dep_statuses`` walks through a set hashed by the addresses of classes; when two
    dependencies impose different states, the last one wins, which differs from process to process. Sets of small
    numbers are walked through in their order.
    """
    BaseTIDep.__hash__ = _hash


def order_dags() -> None:
    """Have sets of ``DagModel`` walked through by dag_id: ``_create_dagruns_for_dags`` makes runs in such an order."""
    from airflow.models.dag import DagModel

    DagModel.__hash__ = lambda self: sum(self.dag_id.encode())


def order_queue(engine: Any) -> None:
    """Have the queue's ties in the order in which runs were made and tasks defined, and dates of null last.

    ``_executable_task_instances_to_queued`` leaves both to the database. Not the order of insertion: a pass that
    expands several tasks inserts their instances in the order in which it examined them.
    """

    def prepared(connection: Any, _record: object) -> None:
        connection.create_function(PLACE, 2, lambda dag_id, task_id: _places.get((dag_id, task_id)))

    def rewritten(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        if "priority_weight" in statement:
            statement = QUEUE.sub(_with_ties, statement)
        return statement, parameters

    event.listen(engine, "connect", prepared)
    event.listen(engine, "before_cursor_execute", rewritten, retval=True)


def define(dags: Mapping[str, Any]) -> None:
    """Tell the order in which the tasks of these Dags, by id, are defined."""
    _places.clear()
    _places.update(((dag_id, task_id), n) for dag_id, dag in dags.items() for n, task_id in enumerate(dag.task_dict))


def _with_ties(found: re.Match[str]) -> str:
    whole = found.group(0).replace(found["date"], f"{found['date']} NULLS LAST")
    return f"{whole}, {RUN}, {PLACE}(task_instance.dag_id, task_instance.task_id)"


def _hash(dependency: BaseTIDep) -> int:
    name = type(dependency).__name__
    return FIRST.index(name) if name in FIRST else len(FIRST) + sum(name.encode()) % 5
