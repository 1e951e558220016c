"""An order for what Airflow leaves to chance; to be called before the rest of Airflow is imported."""

from __future__ import annotations

from airflow.ti_deps.deps.base_ti_dep import BaseTIDep

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


def _hash(dependency: BaseTIDep) -> int:
    name = type(dependency).__name__
    return FIRST.index(name) if name in FIRST else len(FIRST) + sum(name.encode()) % 5
