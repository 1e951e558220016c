"""What one side made of one run: the unit of comparison at run level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
