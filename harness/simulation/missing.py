"""What a run is without: names that its world does not have, and tasks that its dates exclude."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.bridge.supervisor.store import facts
from harness.kernel import iso
from harness.results.finding import Finding
from harness.results.world import WORDS, Need
from harness.scheduler.mapping import in_dates
from harness.scheduler.model import DagRun, Task


class Needs:
    """Takes what is asked for, in any order and from any thread.

    Attributes:
        elsewhere: as of `harness.world.model.World`.
    """

    def __init__(self) -> None:
        self.elsewhere: Mapping[str, str] = {}
        self._needed: dict[tuple[str, str], set[str]] = {}

    def name(self, section: str, name: str, dag_id: str | None) -> None:
        """A connection, variable or pool that is not there."""
        self._needed.setdefault((section, name), set()).update([] if dag_id is None else [dag_id])

    def host(self, peer: str, dag_id: str | None) -> None:
        """A host that was not let."""
        self.name("network", peer, dag_id)

    def all(self, pools: Iterable[tuple[str, str]] = ()) -> list[Need]:
        """All of them, in the order of sections and names.

        Args:
            pools: further ones: (name, dag_id).
        """
        order, needed = list(WORDS), {need: set(dags) for need, dags in self._needed.items()}
        for pool, dag_id in pools:
            needed.setdefault(("pools", pool), set()).add(dag_id)
        found = [
            Need(section, name, tuple(sorted(dags)), self._place(section, name))
            for (section, name), dags in needed.items()
        ]
        return sorted(found, key=lambda need: (order.index(need.section), need.name))

    def _place(self, section: str, name: str) -> str | None:
        return self.elsewhere.get(name.lower()) if section == "connections" else None


SHOWN = 5


def left_out(run: DagRun) -> Finding | None:
    """The finding about tasks that have no instance in a new run, None when all have.

    Source: ``DagRun._create_tasks``: a task has none where its dates exclude the logical date (3.3.2).
    """
    missing = [task for task in run.dag.tasks.values() if not in_dates(task, run)]
    present = len(run.dag.tasks) - len(missing)
    if not missing and present:
        return None
    path, dag_id = str(facts(run).dag.fileloc), run.dag.dag_id
    if not missing:
        fact = f"Dag {dag_id!r} has no task: its runs succeed and do nothing"
        return Finding("nothing-ran", "error", fact, path, dag_id=dag_id, fix="give it a task")
    date = iso(run.logical_date) if run.logical_date is not None else run.run_id
    named = ", ".join(f"{task.task_id!r} ({_dates(task)})" for task in missing[:SHOWN])
    named += f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    if present:
        fact = f"the run of {date} is without {named}: their dates exclude it"
        check, severity = "task-left-out", "warning"
    else:
        fact = f"the run of {date} has no task instance, so nothing runs: {named}"
        check, severity = "nothing-ran", "error"
    only = missing[0].task_id if len(missing) == 1 else None
    return Finding(check, severity, fact, path, dag_id=dag_id, task_id=only, fix=_fix(missing, run))


def _dates(task: Task) -> str:
    """The dates that a task has, as its definition names them."""
    dates = {"start_date": task.start_date, "end_date": task.end_date}
    return ", ".join(f"{name} {iso(at)}" for name, at in dates.items() if at is not None)


def _fix(missing: list[Task], run: DagRun) -> str:
    date = run.logical_date or 0
    starts = [task.start_date for task in missing if task.start_date is not None and task.start_date > date]
    if starts:
        return f"take a logical date from {iso(max(starts))} on, or correct start_date= of the task or its Dag"
    return "take an earlier logical date, or correct end_date= of the task or its Dag"
