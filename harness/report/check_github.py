"""The findings of the gate as annotations of GitHub Actions: workflow commands on stdout."""

from __future__ import annotations

from harness.checks.finding import Finding
from harness.report.check_result import CheckResult


def document(told: CheckResult) -> str:
    """A line a finding: ``::error file=dags/sales.py,line=9,title=pool-missing::message``.

    GitHub shows the first ten errors and the first ten warnings of a step beside the code; all stand in the log.
    """
    return "".join(f"{_annotation(finding)}\n" for finding in told.result.findings)


def _annotation(finding: Finding) -> str:
    properties = {"file": finding.path, "line": finding.line, "title": finding.check}
    given = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value)
    message = finding.message + (f"\nfix: {finding.fix}" if finding.fix else "")
    return f"::{'error' if finding.severity == 'error' else 'warning'} {given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
