"""The findings of the gate as SARIF 2.1.0, for GitHub's code scanning and whoever else reads it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from importlib.metadata import version
from inspect import cleandoc
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harness.checks.registry import CHECKS, Check
from harness.gate.baseline import entry
from harness.gate.check_result import CheckResult, grouped
from harness.results.finding import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
FINGERPRINT = "airflowHarness/v1"


def document(checked: CheckResult) -> str:
    """The document: a run with a rule a check that is on, and a result a finding.

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
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


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
        "partialFingerprints": {FINGERPRINT: f"{key}:{seen[key]}"},
    }


def _artifact(path: str) -> dict[str, str]:
    if Path(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(path), "uriBaseId": ROOT}
