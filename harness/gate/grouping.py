"""Findings of one cause, put together: what a loop makes, what every file has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.results.finding import Finding

FEW = 3
"""Findings that say the same at different places are told one by one up to here: each may be its own."""


@dataclass(frozen=True)
class Group:
    """Findings of one check that say the same, but for the Dag and the task.

    Attributes:
        findings: the first one stands for all; one at least.
    """

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The one that is told."""
        return self.findings[0]

    @property
    def id(self) -> str:
        """Of what it says: the same from run to run, wherever lines move to."""
        return hashlib.sha256("\0".join(_said(self.first)).encode("utf-8", "replace")).hexdigest()[:12]

    @property
    def files(self) -> list[str]:
        """Where it is found."""
        return list(dict.fromkeys(one.path for one in self.findings if one.path))

    @property
    def places(self) -> list[str]:
        """``path:line`` of all of them, each once."""
        return list(dict.fromkeys(f"{one.path}:{one.line}" if one.line else str(one.path) for one in self.findings))


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """All findings in groups, in the order of their first ones."""
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        alike.setdefault(_said(finding), []).append(finding)
    groups = [group for found in alike.values() for group in _of_places(found)]
    return sorted(groups, key=lambda group: (group.first.path or "", group.first.line or 0, group.first.check))


def _of_places(found: list[Finding]) -> list[Group]:
    """One group; or one a place, where there are few places."""
    places: dict[tuple[str | None, int | None], list[Finding]] = {}
    for finding in found:
        places.setdefault((finding.path, finding.line), []).append(finding)
    if len(places) > FEW:
        return [Group(tuple(found))]
    return [Group(tuple(one)) for one in places.values()]


def _said(finding: Finding) -> tuple[str, ...]:
    """What a finding says, without the names of its Dag and task."""
    texts = [finding.message, finding.fix or ""]
    for name in filter(None, (finding.task_id, finding.dag_id)):
        texts = [re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", text) for text in texts]
    return (finding.check, finding.severity, *texts)
