"""The installed Airflow itself, on a throw-away database, its waits taking no time: what the simulator is held against.

Modules here import Airflow's own models when they are imported, and so only in a process that `home.environment` was
made for. `home` imports nothing of Airflow, nor does what both sides speak of, which stands here: which Dag Airflow is
to run, and what one side made of its run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


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


@dataclass(frozen=True)
class RunHistory:
    """The end of a run.

    Attributes:
        final: (task_id, map_index) -> (state, try_number), of every task instance.
        xcoms: (task_id, map_index, key) -> value as JSON, still in Airflow's serialised form where JSON has no word.
        run_state: of the run; "running" when nothing could go on any more.
    """

    final: dict[tuple[str, int], tuple[str | None, int]]
    xcoms: dict[tuple[str, int, str], Any]
    run_state: str

    def to_json(self) -> dict[str, Any]:
        """As JSON; `of_json` reads it."""
        return {
            "final": [[*key, *found] for key, found in self.final.items()],
            "xcoms": [[*key, value] for key, value in self.xcoms.items()],
            "run_state": self.run_state,
        }

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> RunHistory:
        """What `to_json` wrote."""
        return cls(
            {(task_id, index): (state, tries) for task_id, index, state, tries in data["final"]},
            {(task_id, index, key): value for task_id, index, key, value in data["xcoms"]},
            data["run_state"],
        )
