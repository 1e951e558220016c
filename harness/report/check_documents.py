"""The findings of the gate for other programs: JSON, SARIF, annotations of GitHub Actions, JUnit XML.

JUnit's has a suite a file and a case an item, named as pytest names it: a check on the file, or on one of its Dags,
that found fault with it or not. Pytest is given the same items.
"""

from __future__ import annotations

import hashlib
import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from importlib.metadata import version
from inspect import cleandoc
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from harness.checks.registry import CHECKS, Check
from harness.gate.baseline import entry
from harness.gate.check_result import CheckResult, FileResult, Group, grouped
from harness.report.check_text import block, summary
from harness.report.style import UNICODE
from harness.results.finding import Finding
from harness.text import one_line

_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_FINGERPRINT = "airflowHarness/v1"

_IMPORT = "import-error"
_JUNIT = "airflow-harness check"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _json(checked: CheckResult) -> str:
    """``airflow-harness/check/1``, sorted by path, line and check.

    Findings hold ``check``, ``severity``, ``path``, ``line``, ``dag_id``, ``task_id``, ``message`` and ``fix``;
    ``group`` is the same for those of one cause, ``alike`` says how many these are.
    """
    return json.dumps(checked.result.to_json(), indent=2, allow_nan=False) + "\n"


def _sarif(checked: CheckResult) -> str:
    """SARIF 2.1.0, for GitHub's code scanning and whoever else reads it.

    It has a run, with a rule a check that is on, and a result a finding.
    Fingerprints do not depend on lines, as those of a baseline. Paths are relative to the root of the repository.
    """
    rules = sorted(set(checked.result.checks) | {finding.check for finding in checked.result.findings})
    seen: Counter[str] = Counter()
    findings = checked.result.findings
    of = {finding: group for group in grouped(findings) for finding in group.findings}
    results = [
        _result(finding, rules.index(finding.check), checked, seen)
        | {"properties": {"group": of[finding].id, "alike": len(of[finding].findings)}}
        for finding in findings
    ]
    driver = {
        "name": "airflow-harness",
        "version": version("airflow-harness"),
        "rules": [_rule(CHECKS[check], checked.result.checks.get(check, "error")) for check in rules],
    }
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _rule(check: Check, level: str) -> dict[str, Any]:
    page = cleandoc(check.doc) or check.id
    return {
        "id": check.id,
        "shortDescription": {"text": check.summary or check.id},
        "fullDescription": {"text": page},
        "help": {"text": page, "markdown": page.replace("``", "`")},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["airflow", check.family]},
    }


def _result(finding: Finding, rule: int, checked: CheckResult, seen: Counter[str]) -> dict[str, Any]:
    key = hashlib.sha256("\0".join(entry(finding, checked.root)).encode("utf-8", "replace")).hexdigest()[:32]
    seen[key] += 1
    message = finding.message + (f"\nFix: {finding.fix}" if finding.fix else "")
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(finding.path or "."),
            "region": {"startLine": finding.line or 1},
        }
    }
    if finding.dag_id:
        name = ".".join(filter(None, (finding.dag_id, finding.task_id)))
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "object"}]
    return {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": message},
        "locations": [location],
        "partialFingerprints": {_FINGERPRINT: f"{key}:{seen[key]}"},
    }


def _artifact(path: str) -> dict[str, str]:
    if Path(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(path), "uriBaseId": _ROOT}


def _github(checked: CheckResult) -> str:
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


def _junit(checked: CheckResult) -> str:
    """The document, as Jenkins' schema ``junit-10.xsd`` has it, which GitLab and the rest read too.

    Errors are failures; warnings stand in the ``system-out`` of a case that passes.
    """
    result = checked.result
    every = [(file, items(file, set(result.checks))) for file in result.files]
    failed = sum(map(_fails, (item for _, cases in every for item in cases)))
    count = sum(len(cases) for _, cases in every)
    numbers = {"tests": str(count), "failures": str(failed), "errors": "0", "time": f"{result.seconds:.3f}"}
    root = ElementTree.Element("testsuites", {"name": _JUNIT, **numbers})
    for file, cases in every:
        root.append(_suite(file, cases))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(file: FileResult, cases: list[Item]) -> ElementTree.Element:
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": _clean(file.path),
            "tests": str(len(cases)),
            "failures": str(sum(map(_fails, cases))),
            "errors": "0",
            "skipped": "0",
            "time": f"{file.seconds:.3f}",
            "file": _clean(file.path),
        },
    )
    for item in cases:
        suite.append(_case(file, item))
    return suite


def _case(file: FileResult, item: Item) -> ElementTree.Element:
    parts = PurePosixPath(file.path).with_suffix("").parts
    classname = ".".join(
        [*(part for part in parts if part not in ("/", "..")), *([item.dag_id] if item.dag_id else [])]
    )
    case = ElementTree.Element("testcase", {"classname": _clean(classname), "name": item.name, "time": "0.000"})
    errors = [finding for finding in item.findings if finding.severity == "error"]
    if errors:
        message = "; ".join(f"{_count(group)}{group.first.message}" for group in grouped(errors))
        failure = ElementTree.SubElement(case, "failure", {"type": item.check, "message": _clean(message)})
        failure.text = _text(errors)
    rest = [finding for finding in item.findings if finding.severity != "error"]
    if rest:
        ElementTree.SubElement(case, "system-out").text = _text(rest)
    return case


def _count(group: Group) -> str:
    return f"{len(group.findings)} alike: " if len(group.findings) > 1 else ""


def _fails(item: Item) -> bool:
    return any(finding.severity == "error" for finding in item.findings)


def _text(findings: Iterable[Finding]) -> str:
    blocks = ("\n".join("".join(text for text, _ in line) for line in block(finding)) for finding in findings)
    return _clean("\n\n".join(blocks) + "\n")


def _clean(text: str) -> str:
    """Without what no XML document may hold."""
    return _NO_XML.sub("\ufffd", text)


@dataclass(frozen=True)
class Item:
    """A check on something.

    Attributes:
        name: the check's id; ``import`` for `_IMPORT`.
        dag_id: None for a check of the file.
        findings: none, where there is nothing wrong.
    """

    name: str
    check: str
    dag_id: str | None
    findings: tuple[Finding, ...] = ()


def items(file: FileResult, on: Set[str]) -> list[Item]:
    """Those of one file, those of the file first; of a file that did not import, only those that say something.

    Args:
        on: ids of the checks that are on for it.
    """
    dag_ids = list(dict.fromkeys(file.dag_ids))
    found: dict[tuple[str, str | None], list[Finding]] = defaultdict(list)
    for finding in file.findings:
        is_dags = CHECKS[finding.check].level in ("dag", "parses") and finding.dag_id in dag_ids
        found[finding.check, finding.dag_id if is_dags else None].append(finding)
    selected: dict[tuple[str, str | None], None] = {(_IMPORT, None): None} if _IMPORT in on else {}
    if dag_ids or (_IMPORT, None) not in found:
        selected |= {(check, None): None for check in _of_level(on, "file", "repository")}
    selected |= {(check, dag_id): None for dag_id in dag_ids for check in _of_level(on, "dag", "parses")}
    selected |= dict.fromkeys(found)  # what the gate itself says has an item only when it says something
    return [
        Item("import" if check == _IMPORT else check, check, dag_id, tuple(found.get((check, dag_id), ())))
        for check, dag_id in selected
    ]


def _of_level(on: Set[str], *levels: str) -> list[str]:
    return [check for check in sorted(on) if CHECKS[check].level in levels]


DOCUMENTS: Mapping[str, Callable[[CheckResult], str]] = {
    "json": _json,
    "junit": _junit,
    "sarif": _sarif,
    "github": _github,
}
"""By format: what writes the whole document."""
