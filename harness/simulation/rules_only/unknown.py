"""What is taken for granted where neither the world nor a ledger tells it, and the notes that say so."""

from __future__ import annotations

from collections.abc import Iterator

from harness.results.finding import Finding
from harness.scheduler.model import TaskInstance

DEFAULTS = {
    "branch": ("branching tasks follow all that is below them", "stub them with follows:"),
    "short-circuit": ("short circuits go on", "stub them with follows:"),
    "length": ("tasks that others map over return one item", "stub them with returns: and a list"),
    "sensor": ("sensors find at once what they wait for", "say under durations: how long they wait"),
    "does": ("tasks whose stub is a function succeed, for it is code", "stub them with returns:"),
}
"""Kind of what is not known -> what is taken for granted, and how to say otherwise."""

SHOWN = 5


class Unknown:
    """What a simulation without task code took for granted.

    Args:
        has_ledger: a past ledger was asked first.
    """

    def __init__(self, has_ledger: bool) -> None:
        self._has_ledger = has_ledger
        self._tasks: dict[str, dict[str, None]] = {}

    def task(self, kind: str, ti: TaskInstance) -> None:
        """Something was taken for granted of a task: one of `DEFAULTS`, or ``past``."""
        self._tasks.setdefault(kind, {})[f"{ti.run.dag.dag_id}.{ti.task.task_id}"] = None

    def lasts(self, key: tuple[str, str]) -> None:
        """A task takes no time, for nobody says how long it lasts."""
        self._tasks.setdefault("lasts", {})[f"{key[0]}.{key[1]}"] = None

    def without_duration(self) -> list[str]:
        """Tasks of which nobody says how long they last, sorted."""
        return sorted(self._tasks.get("lasts", ()))

    def findings(self) -> Iterator[Finding]:
        """A warning for each kind of what was taken for granted, naming the tasks."""
        ledger = "" if self._has_ledger else ", or have a past ledger tell it: --from-ledger"
        for kind, (fact, fix) in DEFAULTS.items():
            yield from self._finding(kind, fact, fix + ledger)
        past = "tasks take their median of the ledger, and decide as they did last, for it has no such run"
        yield from self._finding("past", past, "simulate the stretch of time that the ledger is of")
        lasts = "tasks take no time, for nobody says how long they last"
        yield from self._finding("lasts", lasts, f"say it under durations: in the world file{ledger}")

    def _finding(self, kind: str, fact: str, fix: str) -> Iterator[Finding]:
        names = sorted(self._tasks.get(kind, ()))
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            yield Finding("no-code", "warning", f"{fact}: {', '.join(names[:SHOWN])}{more}", fix=fix)
