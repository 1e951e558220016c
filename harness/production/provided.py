"""What a deployed Airflow provides to Dags, as the entries of a world file: never a secret."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import ProductionUnavailable
from harness.production.api import Answers, pages, quoted
from harness.project.sensitive import HIDDEN, has_hidden, plain_part
from harness.world.entries import DEFAULT_POOL, DEFAULT_POOL_SLOTS
from harness.world.scaffold import key_of

SHORTEST_S = 0.1
"""Tasks that take less are left out of ``durations:``."""
_ADDRESS = ("conn_type", "host", "port", "schema")
_KEPT_BACK = ("login", "password", "extra")


@dataclass
class Provided:
    """Entries by section, with what is said of each.

    Attributes:
        entries: section -> name -> (value, remark).
        notes: what could not be read.
    """

    entries: dict[str, dict[str, tuple[Any, str]]] = field(default_factory=lambda: defaultdict(dict))
    notes: list[str] = field(default_factory=list)

    def counted(self) -> str:
        """How many there are of each."""
        return ", ".join(f"{len(names)} {section}" for section, names in self.entries.items() if names) or "nothing"

    def text(self, source: str, airflow: str) -> str:
        """The YAML of a world."""
        head = f"# What {source} (Airflow {airflow}) provides, as airflow-harness import read it.\n"
        parts = [head + "# Secrets are not in it: give connections a service, or what they need here.\n"]
        for section, names in self.entries.items():
            lines = [
                f"  {key_of(name)}: {json.dumps(value, ensure_ascii=False)}{f'    # {remark}' if remark else ''}\n"
                for name, (value, remark) in sorted(names.items())
            ]
            if lines:
                parts.append(f"{section}:\n" + "".join(lines))
        return "\n".join(parts)


def provided(answers: Answers, with_values: bool, services: Mapping[str, tuple[str, str]]) -> Provided:
    """Pools, connections and variables; what this user may not read is a note.

    Args:
        with_values: of variables too, unless they may be secrets.
        services: connection type -> (the service that answers it, what it is).
    Raises: ProductionUnavailable.
    """
    found = Provided()
    for section, read in (("pools", _pool), ("connections", _connection), ("variables", _variable)):
        try:
            for item in pages(answers, f"/{section}", section):
                name, value, remark = read(item)
                if section == "variables" and not with_values:
                    value, remark = "", "its value was not asked for: --values"
                if section == "connections" and value["conn_type"] in services:
                    service, title = services[value["conn_type"]]
                    remark = "; ".join(filter(None, (remark, f"or {{service: {service}}}, {title}")))
                if (section, name, value) != ("pools", DEFAULT_POOL, DEFAULT_POOL_SLOTS):
                    found.entries[section][name] = value, remark
        except ProductionUnavailable as error:
            if "(403)" not in error.fact:
                raise
            found.notes.append(f"{section} are left out: {error.fact}")
    return found


def _pool(item: Mapping[str, Any]) -> tuple[str, Any, str]:
    if item.get("include_deferred"):
        return item["name"], {"slots": item["slots"], "include_deferred": True}, ""
    return item["name"], item["slots"], ""


def _connection(item: Mapping[str, Any]) -> tuple[str, Any, str]:
    """Where it leads, and of which type it is."""
    value = {name: plain_part(item[name], name) for name in _ADDRESS if item.get(name) not in (None, "")}
    left = [name for name in _KEPT_BACK if item.get(name) not in (None, "", "{}")]
    left += [name for name in value if value[name] == HIDDEN]
    value = {"conn_type": "generic", **{name: one for name, one in value.items() if one != HIDDEN}}
    return item["connection_id"], value, f"not copied: {', '.join(left)}" if left else ""


def _variable(item: Mapping[str, Any]) -> tuple[str, Any, str]:
    value = plain_part(item.get("value") or "", item["key"])
    hidden = has_hidden(value)
    return item["key"], "" if hidden else value, "not copied: it may be a secret" if hidden else ""


def dags_of(answers: Answers) -> list[str]:
    """The ids of the Dags that are still there. Raises: ProductionUnavailable."""
    return [dag["dag_id"] for dag in pages(answers, "/dags", "dags") if not dag.get("is_stale")]


def add_durations(
    found: Provided,
    answers: Answers,
    dag_ids: Iterable[str],
    runs: int,
    quantile: float,
    percentiles: Sequence[float] = (),
) -> None:
    """How long tasks took that succeeded, in the latest runs that did.

    Args:
        runs: so many of each Dag.
        quantile: 0.5 is the median.
        percentiles: 0 to 100, in order: a distribution by them, in place of that quantile.
    Raises: ProductionUnavailable: also of a Dag that is not there.
    """
    for dag_id in dag_ids:
        path = f"/dags/{quoted(dag_id)}/dagRuns"
        latest = list(pages(answers, path, "dag_runs", runs, order_by="-run_after", state="success"))
        if not latest:
            continue
        of_runs = {run["dag_run_id"] for run in latest}
        since = min(run["run_after"] for run in latest)
        lasted: dict[str, list[float]] = defaultdict(list)
        for ti in pages(answers, f"{path}/~/taskInstances", "task_instances", run_after_gte=since, state="success"):
            if ti["dag_run_id"] in of_runs and ti["duration"] is not None:
                lasted[ti["task_id"]].append(ti["duration"])
        for task_id, spans in lasted.items():
            value, remark = _distribution(spans, percentiles) if percentiles else _quantile(spans, quantile)
            if value is not None:
                found.entries["durations"][f"{dag_id}.{task_id}"] = value, f"seconds, {remark} of {len(spans)}"


def _quantile(spans: Sequence[float], quantile: float) -> tuple[float | None, str]:
    """A quantile, None where it is too short to be told; and what it is."""
    seconds = rounded(at_quantile(spans, quantile))
    return seconds if seconds >= SHORTEST_S else None, "median" if quantile == 0.5 else f"quantile {quantile:g}"


def _distribution(spans: Sequence[float], percentiles: Sequence[float]) -> tuple[dict[str, float] | float | None, str]:
    """A distribution; one number where all that is told of it is the same, None where that is too short."""
    found = {f"p{one:g}": rounded(at_quantile(spans, one / 100)) for one in percentiles}
    most = max(found.values())
    if most < SHORTEST_S:
        return None, ""
    return (most, "always, in each") if len(set(found.values())) == 1 else (found, "percentiles")


def at_quantile(values: Iterable[float], quantile: float) -> float:
    """A quantile, between two values where it lies between them."""
    ranked = sorted(values)
    place = quantile * (len(ranked) - 1)
    low, high = ranked[math.floor(place)], ranked[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def rounded(seconds: float) -> float:
    """To tenths below ten seconds, else to whole ones: more is noise."""
    return round(seconds, 1) if seconds < 10 else round(seconds)
