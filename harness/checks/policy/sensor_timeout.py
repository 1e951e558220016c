"""``sensor-timeout``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("sensor-timeout", severity="off")
def sensor_timeout(context: DagContext) -> Iterator[Problem]:
    """A sensor in ``poke`` mode that holds its slot for longer than the limit ``sensor-timeout-s``.

    Airflow's default is seven days: a handful of such sensors stop a pool.

    Fix: ``timeout=3600``, ``mode="reschedule"`` or ``deferrable=True``.
    """
    most = context.limit("sensor-timeout-s")
    for task in context.tasks:
        timeout = getattr(task, "timeout", None)
        pokes = getattr(task, "mode", None) == "poke" and not getattr(task, "deferrable", False)
        if pokes and isinstance(timeout, (int, float)) and timeout > most:
            yield Problem(
                f"sensor {task.task_id!r} pokes for up to {timeout:g} s, more than {most:g} s",
                task_id=task.task_id,
                fix='timeout=…, mode="reschedule" or deferrable=True',
            )
