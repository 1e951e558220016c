"""The catalogue of the checks, by family. `harness.gate` parses the Dag files and calls them on what is there."""

from __future__ import annotations

from harness.checks.registry import check
from harness.results.finding import Finding, Problem

__all__ = ["Finding", "Problem", "check"]
