"""What runs when in a Dag folder, as its schedules say: no task has run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from harness.kernel.instant import iso
from harness.results import errors_among
from harness.results.finding import Finding

SCHEMA = "airflow-harness/schedule/1"


@dataclass(frozen=True, slots=True)
class DatedRun:
    """A run that a schedule makes.

    Attributes:
        run_after: when it is made.
    """

    run_id: str
    logical_date: datetime | None
    run_after: datetime

    def to_json(self) -> dict[str, Any]:
        """As the document holds it."""
        date = None if self.logical_date is None else iso(self.logical_date)
        return {"run_id": self.run_id, "logical_date": date, "run_after": iso(self.run_after)}


@dataclass(frozen=True, slots=True)
class DagSchedule:
    """A Dag of the folder.

    Attributes:
        path: of its file.
        schedule: in a word, as Airflow's UI has it: a cron, a span, ``Asset``.
        timezone: of its cron, else its own.
        runs: that its schedule makes, in order.
        when: what starts its runs at no date: assets, other Dags, the end of the run before.
        why: why its schedule makes no run in the stretch; None where it makes some.
        catchup: how many runs Airflow would make up for, were the Dag deployed at the beginning; None without catchup.
        is_catchup_exact: otherwise `catchup` is an estimate.
        is_begin_assumed: the dates are those of a span that is counted from when the Dag was first deployed, which
            nobody knows: here from the beginning of the stretch.
    """

    dag_id: str
    path: str
    schedule: str
    timezone: str
    runs: tuple[DatedRun, ...] = ()
    when: str | None = None
    why: str | None = None
    catchup: int | None = None
    is_catchup_exact: bool = True
    is_begin_assumed: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is known that starts a run of it in the stretch."""
        return self.why is not None and self.when is None

    def to_json(self) -> dict[str, Any]:
        """As the document holds it."""
        names = [one.name for one in fields(self) if one.name != "runs"]
        return {**{name: getattr(self, name) for name in names}, "runs": [run.to_json() for run in self.runs]}

    @classmethod
    def of_json(cls, document: Mapping[str, Any]) -> DagSchedule:
        """As a document has it."""
        runs = tuple(
            DatedRun(
                run["run_id"],
                None if run["logical_date"] is None else _moment(run["logical_date"]),
                _moment(run["run_after"]),
            )
            for run in document["runs"]
        )
        return cls(**{**document, "runs": runs})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclass(frozen=True, slots=True)
class ClockOddity:
    """What a change of clocks does to a Dag's runs.

    Attributes:
        day: of the change, local, ISO.
        hours: how long that day is.
        kind: of the time that the schedule names: ``skipped`` (it does not exist, nothing runs), ``shifted`` (it runs
            at another time), ``once`` or ``doubled`` (it comes twice), ``number`` (that day has more or fewer runs),
            ``utc`` (from then on another one in UTC), ``local`` (from then on another one in local time).
    """

    dag_id: str
    timezone: str
    day: str
    hours: float
    kind: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """As the document holds it."""
        return {name: getattr(self, name) for name in ("dag_id", "timezone", "day", "hours", "kind", "message")}


@dataclass(frozen=True, slots=True)
class PoolMoment:
    """The moment at which scheduled runs would ask for most slots of a pool, if nothing made them wait.

    Attributes:
        slots: of the pool, -1 for no limit; None where the world does not have it.
        asked: slots that tasks would ask for at ``at``.
        dags: whose tasks, by how much: dag_id -> slots.
        above: for how long in all they would ask for more than there are.
    """

    pool: str
    slots: int | None
    at: datetime
    asked: int
    dags: Mapping[str, int]
    above: timedelta = timedelta()

    @property
    def is_above(self) -> bool:
        """Whether they would ask for more than there are."""
        return self.slots is not None and 0 <= self.slots < self.asked

    def to_json(self) -> dict[str, Any]:
        """As the document holds it."""
        fields = {"pool": self.pool, "slots": self.slots, "at": iso(self.at), "asked": self.asked}
        return {**fields, "dags": dict(self.dags), "above_seconds": self.above.total_seconds()}


@dataclass(frozen=True, slots=True)
class FolderSchedule:
    """The schedules of a Dag folder over a stretch of time, ``until`` excluded.

    Attributes:
        dags: by dag_id.
        findings: timetables that raise, files that do not import.
    """

    since: datetime
    until: datetime
    dags: tuple[DagSchedule, ...]
    clock_oddities: tuple[ClockOddity, ...] = ()
    pools: tuple[PoolMoment, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found that is an error."""
        return not errors_among(self.findings)

    @property
    def number(self) -> int:
        """How many runs the schedules make."""
        return sum(len(dag.runs) for dag in self.dags)

    def runs(self) -> Iterator[tuple[DagSchedule, DatedRun]]:
        """Every run with its Dag, by when it is made."""
        every = ((dag, run) for dag in self.dags for run in dag.runs)
        return iter(sorted(every, key=lambda pair: (pair[1].run_after, pair[0].dag_id)))

    def to_json(self) -> dict[str, Any]:
        """The schedule document, ``airflow-harness/schedule/1``."""
        return {
            "schema": SCHEMA,
            "since": iso(self.since),
            "until": iso(self.until),
            "dags": [dag.to_json() for dag in self.dags],
            "clock_oddities": [oddity.to_json() for oddity in self.clock_oddities],
            "pools": [moment.to_json() for moment in self.pools],
            "findings": [finding.to_json() for finding in self.findings],
        }
