"""The ``explore`` fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.dags import _no_folder

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.exploration.result import Exploration
    from harness.simulation import Rehearsal


@pytest.fixture
def explore(_airflow_rehearsal: Rehearsal) -> Callable[..., Exploration]:
    """Play the combinations of a Dag's outcomes, without task code: ``explore(dag_or_id)`` -> Exploration.

    ``assert explore("sales").runs_always("cleanup")``, ``not explore("sales").never_run``; arguments as of
    ``harness.explore``.
    """
    return explorer_of(_airflow_rehearsal)


def explorer_of(rehearsal: Rehearsal) -> Callable[..., Exploration]:
    """The function that the fixture gives."""

    def explore(
        dag: DAG | str, *, outcomes: Mapping[str, Iterable[Any]] | None = None, limit: int | None = None, seed: int = 0
    ) -> Exploration:
        from harness.exploration.result import LIMIT
        from harness.simulation.exploring import explore

        __tracebackhide__ = True
        if isinstance(dag, str):
            if not rehearsal.folder.roots:
                raise _no_folder()
            dag = rehearsal.folder.dag(dag)
        return explore(dag, outcomes=outcomes, limit=LIMIT if limit is None else limit, seed=seed)

    return explore
