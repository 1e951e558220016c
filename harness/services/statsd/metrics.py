"""Metrics as StatsD's clients write them: one a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE = re.compile(r"(?P<name>[^:|]+):(?P<values>[^|]+)\|(?P<kind>c|g|ms|h|d|s)(?P<rest>(?:\|[^|]*)*)")
_KINDS = {"c": "counter", "g": "gauge", "ms": "timer", "h": "histogram", "d": "distribution", "s": "set"}


@dataclass(frozen=True)
class Metric:
    """One value of one metric.

    Attributes:
        name: with its prefix.
        value: as it was written: ``1``, ``+2`` of a gauge that changes by two.
        kind: ``counter``, ``gauge``, ``timer`` (milliseconds), ``histogram``, ``distribution``, ``set``.
        rate: of sampling, 0 to 1.
        tags: of DogStatsD (``|#day:monday,late``), or in the name as InfluxDB has them (``rows,day=monday``); one
            without a value has an empty one.
    """

    name: str
    value: str
    kind: str
    rate: float = 1.0
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def number(self) -> float:
        """The value as a number. Raises: ValueError: a member of a set that is none."""
        return float(self.value)


def read_datagram(data: bytes) -> Iterator[Metric]:
    """The metrics of a datagram; lines that are none, as events of DogStatsD, are left out."""
    for line in data.decode("utf-8", "replace").splitlines():
        found = _LINE.fullmatch(line.strip())
        if found is None:
            continue
        name, *labels = found["name"].split(",")
        rate, tags = 1.0, [_tag(label, "=") for label in labels]
        for part in found["rest"].split("|")[1:]:
            if part.startswith("@"):
                rate = _rate(part[1:])
            elif part.startswith("#"):
                tags += [_tag(tag, ":") for tag in part[1:].split(",") if tag]
        for value in found["values"].split(":"):
            yield Metric(name, value, _KINDS[found["kind"]], rate, tuple(tags))


def _tag(text: str, between: str) -> tuple[str, str]:
    name, _, value = text.partition(between)
    return name, value


def _rate(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0
