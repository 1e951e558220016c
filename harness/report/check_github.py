"""The findings of the gate as annotations of GitHub Actions: workflow commands on stdout."""

from __future__ import annotations

from harness.gate.check_result import CheckResult, grouped
from harness.report.check_text import summary
from harness.report.style import UNICODE
from harness.results.finding import Finding
from harness.text import one_line


def document(checked: CheckResult) -> str:
    """A line a finding, ``::error file=dags/sales.py,line=9,title=pool-missing::message``; for the log one that counts.

    GitHub shows the first ten errors and the first ten warnings of a step beside the code, so one of each cause goes
    first; all stand in the log.
    """
    counted = "".join(text for text, _ in summary(checked, UNICODE))
    groups = grouped(checked.result.findings)
    firsts = [_annotation(group.first, len(group.findings)) for group in groups]
    others = [_annotation(one, len(group.findings)) for group in groups for one in group.findings[1:]]
    lines = [*firsts, *others, *(f"note {one_line(note, 500)}" for note in checked.notes), counted]
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding, alike: int) -> str:
    properties = {"file": finding.path, "line": finding.line, "title": finding.check}
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value)
    message = finding.message + (f" (1 of {alike} alike)" if alike > 1 else "")
    message += f"\nfix: {finding.fix}" if finding.fix else ""
    return f"::{'error' if finding.severity == 'error' else 'warning'} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
