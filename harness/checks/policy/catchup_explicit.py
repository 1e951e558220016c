"""``catchup-explicit``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.checks.texts import calls
from harness.results.finding import Problem


@check("catchup-explicit", severity="off")
def catchup_explicit(context: DagContext) -> Iterator[Problem]:
    """A scheduled Dag that does not say whether it catches up.

    The default is a setting of the installation (``scheduler.catchup_by_default``), and changed with Airflow 3.

    Fix: ``catchup=False`` or ``catchup=True``.
    """
    if context.is_periodic and not _says(context):
        yield Problem(f"Dag {context.dag_id!r} does not say catchup=", fix="catchup=False")


def _says(context: DagContext) -> bool:
    """Whether the call that makes the Dag gives ``catchup``, or anything that may hold it."""
    found = [call for _, call in calls(context.file.tree) if call.lineno == context.line]
    return not found or any(one.arg in ("catchup", None) for call in found for one in call.keywords)
