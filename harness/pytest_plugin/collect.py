"""Dag files as pytest collects them: a node a file, a node a Dag, an item a check.

``dags/sales.py::import``, ``dags/sales.py::parse-time``, ``dags/sales.py::sales::pool-missing``. The gate has looked at
the files before; an item only tells what it found.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.plan import Planned, ReportedFinding

MARK = "airflow_check"


class CheckWarning(pytest.PytestWarning):
    """A finding of severity warning. ``-W error::harness.pytest_plugin.collect.CheckWarning`` makes it an error."""

    __module__ = "harness.pytest_plugin.collect"


class CheckFailed(Exception):
    """Findings of severity error: what an item fails with."""

    def __init__(self, findings: list[ReportedFinding]) -> None:
        super().__init__(findings[0].message)
        self.findings = findings


class DagFile(pytest.File):
    """A Dag file."""

    planned: list[Planned]

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Its own checks, then its Dags."""
        yield from _items(self, None, self.planned)
        for dag_id in dict.fromkeys(one.dag_id for one in self.planned):
            if dag_id is not None:
                node = DagNode.from_parent(self, name=dag_id)
                node.planned = self.planned
                yield node


class DagNode(pytest.Collector):
    """A Dag of a file."""

    planned: list[Planned]

    def collect(self) -> Iterator[pytest.Item]:
        """Its checks."""
        yield from _items(self, self.name, self.planned)


class CheckItem(pytest.Item):
    """A check on a file or on a Dag: fails with its errors, warns of its warnings."""

    planned: Planned

    def runtest(self) -> None:
        """Tell what was found. Raises: CheckFailed."""
        for finding in self.planned.findings:
            if finding.severity != "error":
                self.warn(CheckWarning(finding.text))
        errors = [finding for finding in self.planned.findings if finding.severity == "error"]
        if errors:
            raise CheckFailed(errors)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The findings in the house style, without a traceback."""
        if isinstance(excinfo.value, CheckFailed):
            findings = excinfo.value.findings
        elif isinstance(excinfo.value, CheckWarning):
            findings = list(self.planned.findings)
        else:
            return super().repr_failure(excinfo, style)
        shown: Any = excinfo.getrepr(style="native")
        again = f"  again   pytest {shlex.quote(self._again())}\n"
        (entry,) = shown.reprtraceback.reprentries = shown.reprtraceback.reprentries[-1:]
        entry.lines[:] = ["\n\n".join(one.text for one in findings) + "\n", again]
        shown.reprcrash.path, shown.reprcrash.lineno = findings[0].path, findings[0].line
        shown.reprcrash.message = f"{self.planned.check}: {findings[0].message}"
        return shown

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands: the line of its first finding."""
        findings = self.planned.findings
        line = findings[0].line - 1 if findings and findings[0].path == str(self.path) else None
        return self.path, line, "::".join(self.nodeid.split("::")[1:])

    def _again(self) -> str:
        here = os.path.relpath(self.path, self.config.invocation_params.dir)
        return "::".join([Path(here).as_posix(), *self.nodeid.split("::")[1:]])


def file_node(parent: pytest.Collector, path: Path, planned: list[Planned]) -> DagFile:
    """The node of a Dag file."""
    node: DagFile = DagFile.from_parent(parent, path=path)
    node.planned = planned
    return node


def _items(parent: pytest.Collector, dag_id: str | None, planned: Iterable[Planned]) -> Iterator[CheckItem]:
    for one in planned:
        if one.dag_id == dag_id:
            item: CheckItem = CheckItem.from_parent(parent, name=one.name)
            item.planned = one
            item.extra_keyword_matches.update((one.check, one.family))
            item.add_marker(MARK)
            yield item
