"""The integrity gate: every Dag file parsed in a process of its own, and looked at by the checks of the catalogue."""

from __future__ import annotations

from harness.checks.registry import check
from harness.results.finding import Finding, Problem

__all__ = ["Finding", "Problem", "check"]
