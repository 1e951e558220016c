"""A run of the simulator beside the same run of Airflow itself, task by task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SCHEMA = "airflow-harness/verify/1"
NONE = "(none)"


@dataclass(frozen=True)
class Row:
    """One thing that was compared.

    Attributes:
        what: "run", "task" or "xcom".
        name: ``task_id``, ``task_id[map_index]``, with ``.key`` for an XCom; the dag_id for the run.
        alike: whether both sides agree.
        why: of a difference, as far as it is known.
    """

    what: str
    name: str
    here: str
    airflow: str
    alike: bool
    why: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The row as the document holds it."""
        return {name: getattr(self, name) for name in ("what", "name", "here", "airflow", "alike", "why")}


@dataclass
class Verification:
    """Both sides of one run.

    Attributes:
        volatile: names of XComs left out because they change from one simulation to the next.
        airflow_version: of the reference.
    """

    dag_id: str
    logical_date: str
    airflow_version: str
    rows: list[Row]
    volatile: list[str]
    real_seconds: float = 0.0

    @property
    def differences(self) -> list[Row]:
        """What is not alike."""
        return [row for row in self.rows if not row.alike]

    @property
    def alike(self) -> bool:
        """Whether there is no difference."""
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        """The document, schema ``airflow-harness/verify/1``."""
        return {
            "schema": SCHEMA,
            "dag_id": self.dag_id,
            "logical_date": self.logical_date,
            "airflow": self.airflow_version,
            "alike": self.alike,
            "rows": [row.to_json() for row in self.rows],
            "volatile": self.volatile,
            "real_seconds": round(self.real_seconds, 3),
        }
