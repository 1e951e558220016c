"""The findings of the gate as JUnit XML: a suite a file, a case an item, named as pytest names it.

An item is a check on the file, or on one of its Dags, that found fault with it or not; pytest is given the same ones.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.checks.registry import CHECKS
from harness.gate.check_result import CheckResult, FileResult, Group, grouped
from harness.report.check_text import block
from harness.results.finding import Finding

NAME = "airflow-harness check"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(checked: CheckResult) -> str:
    """The document, as Jenkins' schema ``junit-10.xsd`` has it, which GitLab and the rest read too.

    Errors are failures; warnings stand in the ``system-out`` of a case that passes.
    """
    result = checked.result
    every = [(file, items(file, set(result.checks))) for file in result.files]
    failed = sum(map(_fails, (item for _, cases in every for item in cases)))
    count = sum(len(cases) for _, cases in every)
    numbers = {"tests": str(count), "failures": str(failed), "errors": "0", "time": f"{result.seconds:.3f}"}
    root = ElementTree.Element("testsuites", {"name": NAME, **numbers})
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


IMPORT = "import-error"


@dataclass(frozen=True)
class Item:
    """A check on something.

    Attributes:
        name: the check's id; ``import`` for `IMPORT`.
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
    selected: dict[tuple[str, str | None], None] = {(IMPORT, None): None} if IMPORT in on else {}
    if dag_ids or (IMPORT, None) not in found:
        selected |= {(check, None): None for check in _of_level(on, "file", "repository")}
    selected |= {(check, dag_id): None for dag_id in dag_ids for check in _of_level(on, "dag", "parses")}
    selected |= dict.fromkeys(found)  # what the gate itself says has an item only when it says something
    return [
        Item("import" if check == IMPORT else check, check, dag_id, tuple(found.get((check, dag_id), ())))
        for check, dag_id in selected
    ]


def _of_level(on: Set[str], *levels: str) -> list[str]:
    return [check for check in sorted(on) if CHECKS[check].level in levels]
