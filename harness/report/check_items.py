"""The findings of a file sorted into items: a check on the file, or on one of its Dags, found fault with or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass

from harness.checks.registry import CHECKS
from harness.gate.check_result import FileResult
from harness.results.finding import Finding

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
