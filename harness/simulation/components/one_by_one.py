"""The rhythm of ``dag.test()``: what one pass scheduled runs task by task before the next pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.bridge.supervisor.store import facts
from harness.scheduler.model import DEFERRED, TaskInstance


class OneByOne:
    """The scheduled task instances of one pass, run one after the other, each with its deferrals to the end.

    No pool and no limit counts, and what another task of the turn skips or stops meanwhile runs all the same: all
    of them were scheduled before. ``dag.test()`` leaves their order to chance. Here it is the queue's, sensors last:
    what they wait for may be done by another task of the turn.

    Args:
        launch: has a worker take a task instance.
        over: told when the last one has ended.
    Source: the loop of ``DAG.test`` and ``_run_task`` in airflow/sdk/definitions/dag.py (3.3.2).
    """

    def __init__(self, launch: Callable[[TaskInstance], None], over: Callable[[], None]) -> None:
        self._launch, self._over = launch, over
        self._left: list[TaskInstance] = []
        self._current: TaskInstance | None = None

    @property
    def goes_on(self) -> bool:
        """Whether a task instance of it runs or is deferred."""
        return self._current is not None

    def begin(self, scheduled: Iterable[TaskInstance]) -> None:
        """Run these, in this order but for sensors; when none is going on."""
        self._left = sorted(scheduled, key=_is_sensor)
        self._next()

    def resume(self, ti: TaskInstance) -> bool:
        """Have a deferred task instance go on at once; whether it was this turn's."""
        if ti is not self._current:
            return False
        self._launch(ti)
        return True

    def slice_over(self, ti: TaskInstance) -> None:
        """A worker is done with a task instance; one that is deferred keeps its turn."""
        if ti is self._current and ti.state != DEFERRED:
            self._next()
            if self._current is None:
                self._over()

    def _next(self) -> None:
        self._current = self._left.pop(0) if self._left else None
        if self._current is not None:
            self._launch(self._current)


def _is_sensor(ti: TaskInstance) -> bool:
    return bool(facts(ti.run).dag.task_dict[ti.task_id]._is_sensor)
