"""What another version of a Dag folder does to the runs of its schedules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from harness.kernel.instant import iso
from harness.results.finding import Finding
from harness.results.schedule import DagSchedule, FolderSchedule

GAINED, LOST, MOVED = "gained", "lost", "moved"


@dataclass(frozen=True, slots=True)
class RunChange:
    """A run that is in one version only; of two that are of one day, and the same in its order, it has moved.

    Attributes:
        kind: ``gained``, ``lost``, ``moved``.
        before, after: when it is made; None where it is not.
    """

    dag_id: str
    kind: str
    before: datetime | None
    after: datetime | None

    @property
    def at(self) -> datetime:
        """The earlier of both instants."""
        found = [moment for moment in (self.before, self.after) if moment is not None]
        return min(found)

    def to_json(self) -> dict[str, Any]:
        """As the document holds it."""
        before, after = (None if moment is None else iso(moment) for moment in (self.before, self.after))
        return {"dag_id": self.dag_id, "kind": self.kind, "before": before, "after": after}


@dataclass(frozen=True, slots=True)
class DagChange:
    """What a Dag says of its schedule in both versions: None of the whole Dag where it is not there.

    Attributes:
        before, after: its schedule, and what else starts it.
    """

    dag_id: str
    before: str | None
    after: str | None

    def to_json(self) -> dict[str, Any]:
        """As the document holds it."""
        return {"dag_id": self.dag_id, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class ScheduleDiff:
    """Two versions of a folder's schedules.

    Attributes:
        revision: what was asked for, as ``main``; ``commit`` is what it names.
        runs: that differ, by Dag and time.
        dags: that say something else of their schedules, are new, or are gone.
        findings: what was found in the revision, as files that do not import: their Dags count as not there.
    """

    revision: str
    commit: str
    runs: tuple[RunChange, ...]
    dags: tuple[DagChange, ...]
    findings: tuple[Finding, ...] = ()

    def count(self, kind: str) -> int:
        """How many runs were gained, lost or moved."""
        return sum(change.kind == kind for change in self.runs)

    def __bool__(self) -> bool:
        """Whether they differ."""
        return bool(self.runs or self.dags)

    def to_json(self) -> dict[str, Any]:
        """As the document holds it."""
        return {
            "revision": self.revision,
            "commit": self.commit,
            "runs": [change.to_json() for change in self.runs],
            "dags": [change.to_json() for change in self.dags],
            "findings": [finding.to_json() for finding in self.findings],
        }


def differences(before: Iterable[DagSchedule], after: FolderSchedule, revision: str, commit: str) -> ScheduleDiff:
    """What became of the schedules of a revision.

    Args:
        before: its Dags, over the same stretch.
    """
    former, present = ({dag.dag_id: dag for dag in dags} for dags in (before, after.dags))
    runs: list[RunChange] = []
    dags: list[DagChange] = []
    for dag_id in sorted({*former, *present}):
        old, new = former.get(dag_id), present.get(dag_id)
        runs += sorted(_of_runs(dag_id, old, new), key=lambda change: change.at)
        told = (None if old is None else _said(old), None if new is None else _said(new))
        if told[0] != told[1]:
            dags.append(DagChange(dag_id, *told))
    return ScheduleDiff(revision, commit, tuple(runs), tuple(dags))


def _said(dag: DagSchedule) -> str:
    zone = "" if dag.timezone == "UTC" else f" ({dag.timezone})"
    return f"{dag.schedule}{zone}" + ("" if dag.when is None else f", when {dag.when}")


def _of_runs(dag_id: str, old: DagSchedule | None, new: DagSchedule | None) -> Iterator[RunChange]:
    """What is in one version only, day by day."""
    before, after = (set() if dag is None else {run.run_after for run in dag.runs} for dag in (old, new))
    zone = _zone((new or old).timezone)  # type: ignore[union-attr]
    days: dict[date, tuple[list[datetime], list[datetime]]] = defaultdict(lambda: ([], []))
    for side, moments in enumerate((before - after, after - before)):
        for moment in sorted(moments):
            days[moment.astimezone(zone).date()][side].append(moment)
    for lost, gained in days.values():
        together = min(len(lost), len(gained))
        for first, second in zip(lost, gained, strict=False):
            yield RunChange(dag_id, MOVED, first, second)
        yield from (RunChange(dag_id, LOST, moment, None) for moment in lost[together:])
        yield from (RunChange(dag_id, GAINED, None, moment) for moment in gained[together:])


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError):  # a fixed offset
        return timezone.utc
