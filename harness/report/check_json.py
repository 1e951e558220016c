"""The findings of the gate as JSON: ``airflow-harness/check/1``."""

from __future__ import annotations

import json

from harness.gate.check_result import CheckResult


def document(checked: CheckResult) -> str:
    """The document, sorted by path, line and check.

    Findings hold ``check``, ``severity``, ``path``, ``line``, ``dag_id``, ``task_id``, ``message`` and ``fix``;
    ``group`` is the same for those of one cause, ``alike`` says how many these are.
    """
    return json.dumps(checked.result.to_json(), indent=2, allow_nan=False) + "\n"
