"""``catchup-explicit``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.checks.texts import calls
from harness.results.finding import Problem


@check("catchup-explicit", severity="off")
def catchup_explicit(look: DagContext) -> Iterator[Problem]:
    """A scheduled Dag that does not say whether it catches up.

    The default is a setting of the installation (``scheduler.catchup_by_default``), and changed with Airflow 3.

    Fix: ``catchup=False`` or ``catchup=True``.
    """
    if look.is_periodic and not _says(look):
        yield Problem(f"Dag {look.dag_id!r} does not say catchup=", fix="catchup=False")


def _says(look: DagContext) -> bool:
    """Whether the call that makes the Dag gives ``catchup``, or anything that may hold it."""
    found = [call for _, call in calls(look.file.tree) if call.lineno == look.line]
    return not found or any(one.arg in ("catchup", None) for call in found for one in call.keywords)
