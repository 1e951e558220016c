"""Hypothesis strategies: outcomes of tasks, fault plans, logical dates, XCom values, run conf.

Hypothesis is needed by this package only: ``pip install 'airflow-harness[hypothesis]'``.
"""

from __future__ import annotations

from harness.errors import PackageMissing

try:
    import hypothesis  # noqa: F401
except ModuleNotFoundError:
    raise PackageMissing(
        "harness.strategies needs Hypothesis, which is not installed",
        fix="pip install 'airflow-harness[hypothesis]'",
    ) from None

from harness.strategies.outcomes import FaultPlan, fault_plans, task_outcomes
from harness.strategies.values import logical_dates, run_conf, xcom_values

__all__ = ["FaultPlan", "fault_plans", "logical_dates", "run_conf", "task_outcomes", "xcom_values"]
