"""A run of the simulator beside the same run of Airflow itself, task by task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.errors import renamed
from harness.kernel.instant import iso
from harness.results.finding import Finding

SCHEMA = "airflow-harness/verify/1"
NONE = "(none)"
FIX = "give the Dag a task, or take a --logical-date that its tasks' dates do not exclude"


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Verification:
    """Both sides of one run.

    Attributes:
        volatile: names of XComs left out because they change from one simulation to the next.
        airflow_version: of the reference.
        stood_in: names of task instances for which something of the world stood in, on both sides.
    """

    dag_id: str
    logical_date: datetime
    airflow_version: str
    rows: tuple[Row, ...]
    volatile: tuple[str, ...]
    real_seconds: float = 0.0
    stood_in: tuple[str, ...] = ()

    @property
    def differences(self) -> tuple[Row, ...]:
        """What is not alike."""
        return tuple(row for row in self.rows if not row.alike)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The differences, as findings; also that no task ran on either side, which says nothing."""
        found = [
            Finding("verify", "error", f"{row.what} {row.name} is {row.here} here and {row.airflow} in Airflow")
            for row in self.differences
        ]
        if not self.compares_tasks:
            found.append(Finding("nothing-ran", "error", f"the run of {self.dag_id!r} has no task instance", fix=FIX))
        return tuple(found)

    @property
    def compares_tasks(self) -> bool:
        """Whether a task ran on one side at least."""
        return any(row.what == "task" for row in self.rows)

    @property
    def ok(self) -> bool:
        """Whether both sides are alike, in a task at least."""
        return not self.errors

    @property
    def alike(self) -> bool:
        """The old name of `ok`."""
        renamed("Verification.alike", "Verification.ok")
        return self.ok

    def to_json(self) -> dict[str, Any]:
        """The document, schema ``airflow-harness/verify/1``."""
        return {
            "schema": SCHEMA,
            "dag_id": self.dag_id,
            "logical_date": iso(self.logical_date),
            "airflow": self.airflow_version,
            "alike": self.ok,
            "rows": [row.to_json() for row in self.rows],
            "volatile": list(self.volatile),
            "stood_in": list(self.stood_in),
            "real_seconds": round(self.real_seconds, 3),
        }
