"""When the runs of a Dag are ready, where tasks do not always take the same time: what many simulations say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import ceil, sqrt
from typing import Any

from harness.errors import UsageError
from harness.kernel.instant import iso
from harness.results.finding import Finding
from harness.results.run import optional_iso
from harness.text import span_text

SCHEMA = "airflow-harness/when/1"

SAMPLES, QUANTILE = 200, 0.95
MOST_SAMPLES = 100_000

NEVER, NEVER_AT = timedelta.max, datetime.max.replace(tzinfo=timezone.utc)
"""What a quantile is that more samples than that leave unready: later than anything that it may be compared with."""

MEDIAN = 0.5
_SURE = 1.96
"""Standard deviations of a normal distribution, to both sides, within which 95 of 100 lie."""
_ROUNDING = 1e-9
"""Less than that above a whole number is none: 0.07 * 100 is 7.000000000000001."""


def see_quantile(quantile: float) -> float:
    """A quantile that can be asked for. Raises: UsageError: it is no number from 0 to 1."""
    if isinstance(quantile, bool) or not isinstance(quantile, (int, float)) or not 0 <= quantile <= 1:
        fact = f"a quantile lies between 0 and 1, and {quantile!r} does not"
        raise UsageError(fact, fix="write 0.95 for what 95 of 100 do not exceed")
    return float(quantile)


@dataclass(frozen=True, slots=True)
class ReadySample:
    """What a run, or a task of it, came to in one simulation.

    Attributes:
        seed: of the simulation.
        due: when the run was.
        state: ``success``, ``failed``, ``unfinished``; of a task ``skipped`` and ``upstream_failed`` too.
        ready: when it had succeeded; None where it did not.
        missed: deadlines of the run.
    """

    seed: int
    due: datetime
    state: str
    ready: datetime | None
    missed: int

    @property
    def after(self) -> timedelta:
        """How long after it was due it was ready."""
        return NEVER if self.ready is None else self.ready - self.due


@dataclass(frozen=True, slots=True)
class ReadyRun:
    """A run of the Dag over all samples that have it.

    Quantiles count what failed or did not end as later than all else: at 0.95 is what 95 of 100 samples were ready by.

    Attributes:
        name: its run id; of a run that no date names ``asset_triggered 1``, the first of that type in its sample.
        samples: in the order of their seeds.
    """

    name: str
    logical_date: datetime | None
    samples: tuple[ReadySample, ...]

    def quantile(self, quantile: float) -> timedelta:
        """How long after it was due; `NEVER` where too few were ready at all. Raises: UsageError: no quantile."""
        return self.sample_at(quantile).after

    def at(self, quantile: float) -> datetime:
        """The instant, of a run that is not always due at the same one too; `NEVER_AT`. Raises: UsageError."""
        return _ranked((one.ready or NEVER_AT for one in self.samples), quantile)

    def sample_at(self, quantile: float) -> ReadySample:
        """The sample that the quantile is of. Raises: UsageError."""
        place = _place(len(self.samples), quantile)
        return sorted(self.samples, key=lambda one: (one.after, one.seed))[place]

    def between(self, quantile: float) -> tuple[timedelta, timedelta]:
        """What the quantile lies between, 95 of 100 times that so many samples are drawn.

        Returns: the second is `NEVER` where too few samples tell. Raises: UsageError.
        Source: the interval by ranks of W. J. Conover, Practical Nonparametric Statistics, 3.2.
        """
        number, share = len(self.samples), see_quantile(quantile)
        middle, off = number * share, _SURE * sqrt(number * share * (1 - share))
        ranked = sorted(one.after for one in self.samples)
        low, high = max(ceil(middle - off - _ROUNDING), 1), max(ceil(middle + off - _ROUNDING), 1)
        return ranked[low - 1], ranked[high - 1] if high <= number else NEVER

    @property
    def due(self) -> datetime:
        """When it is due; of a run that is not always due at the same instant the median."""
        return _ranked((one.due for one in self.samples), MEDIAN)

    @property
    def states(self) -> dict[str, int]:
        """State -> how many samples it ended in."""
        return dict(sorted(Counter(one.state for one in self.samples).items()))

    @property
    def missed_deadlines(self) -> int:
        """In how many samples it missed a deadline, or several."""
        return sum(one.missed > 0 for one in self.samples)

    def to_json(self, quantiles: Sequence[float]) -> dict[str, Any]:
        """The run as the document holds it."""
        return {
            "run": self.name,
            "logical_date": optional_iso(self.logical_date),
            "due": iso(self.due),
            "samples": len(self.samples),
            "states": self.states,
            "missed_deadlines": self.missed_deadlines,
            "quantiles": [self._told(quantile) for quantile in quantiles],
        }

    def _told(self, quantile: float) -> dict[str, Any]:
        sample, at = self.sample_at(quantile), self.at(quantile)
        return {
            "quantile": quantile,
            "after_s": _seconds(sample.after),
            "between_s": [_seconds(one) for one in self.between(quantile)],
            "at": None if at == NEVER_AT else iso(at),
            "seed": None if sample.ready is None else sample.seed,
        }


@dataclass(frozen=True, slots=True)
class Readiness:
    """When the runs of a Dag, or a task of them, are ready.

    Attributes:
        task_id: None where it is asked of the whole run.
        since, until: runs due from one on until the other are told.
        asked: the quantile that was asked for.
        samples: how many simulations there were; 1 where nothing is drawn.
        seed: what the seeds of the samples were made of.
        runs: in the order in which they are due.
    """

    dag_id: str
    task_id: str | None
    since: datetime
    until: datetime
    asked: float
    samples: int
    seed: int
    runs: tuple[ReadyRun, ...]
    findings: tuple[Finding, ...] = ()
    real_seconds: float = 0.0

    @property
    def name(self) -> str:
        """What is to be ready."""
        return self.dag_id if self.task_id is None else f"{self.dag_id}.{self.task_id}"

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The median, and what was asked for."""
        return tuple(sorted({MEDIAN, self.asked}))

    @property
    def slowest(self) -> ReadyRun:
        """The run that takes longest at the quantile that was asked for. Raises: UsageError: there is none."""
        return max(self._told, key=lambda run: run.quantile(self.asked))

    def quantile(self, quantile: float) -> timedelta:
        """How long after it is due each of the runs is ready, in this share of the samples: that of the slowest run.

        Returns: `NEVER`, the longest ``timedelta``, where too few samples were ready at all.
        Raises: UsageError: no quantile, or no run.
        """
        return max(run.quantile(quantile) for run in self._told)

    @property
    def _told(self) -> tuple[ReadyRun, ...]:
        if not self.runs:
            fact = f"no run of {self.dag_id!r} is due between {iso(self.since)} and {iso(self.until)}"
            raise UsageError(fact, fix="take a stretch that holds a due date")
        return self.runs

    def to_json(self) -> dict[str, Any]:
        """The document, schema ``airflow-harness/when/1``."""
        return {
            "schema": SCHEMA,
            "dag_id": self.dag_id,
            "task_id": self.task_id,
            "since": iso(self.since),
            "until": iso(self.until),
            "quantile": self.asked,
            "samples": self.samples,
            "seed": self.seed,
            "runs": [run.to_json(self.quantiles) for run in self.runs],
            "findings": [finding.to_json() for finding in self.findings],
            "real_seconds": round(self.real_seconds, 6),
        }

    def __repr__(self) -> str:
        if not self.runs:
            return f"<{self.name}: no run>"
        slowest = self.slowest
        told = [f"p{100 * one:g} {after_text(slowest.quantile(one))}" for one in self.quantiles]
        states = ", ".join(f"{number} {state}" for state, number in slowest.states.items())
        return f"<{self.name}, the slowest of {len(self.runs)} runs is ready after {', '.join(told)}: {states}>"


def _seconds(after: timedelta) -> float | None:
    return None if after == NEVER else after.total_seconds()


def after_text(after: timedelta) -> str:
    """How long after it was due, in words."""
    return "never" if after == NEVER else span_text(after)


def _place(number: int, quantile: float) -> int:
    """Whose rank it is among so many, from 0: the first that at least this share does not exceed (nearest rank)."""
    return max(ceil(see_quantile(quantile) * number - _ROUNDING) - 1, 0)


def _ranked(values: Iterable[datetime], quantile: float) -> datetime:
    ranked = sorted(values)
    return ranked[_place(len(ranked), quantile)]
