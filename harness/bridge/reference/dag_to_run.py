"""Which Dag Airflow itself is to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class DagToRun:
    """A Dag of a folder.

    Attributes:
        files: that are parsed; None for all of the folder.
        also: Dags that Airflow must know too, because the Dag triggers them or waits for them.
        sensors: its tasks that wait.
    """

    dag_id: str
    files: Sequence[str] | None = None
    also: Sequence[str] = ()
    sensors: Sequence[str] = ()
