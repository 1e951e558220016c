"""``simulate``: the calendar of Dags as a test fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.arguments import Date, Span, after, chosen, instant, world_of

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.pytest_plugin.runs import Runner
    from harness.results.calendar import CalendarResult
    from harness.simulation.options import Action
    from harness.world import World


@pytest.fixture
def simulate(_airflow_runner: Runner) -> Callable[..., CalendarResult]:
    """Simulate what schedules ask for: ``simulate("2025-01-01", timedelta(days=7), …)`` -> CalendarResult."""
    return calendar_of(_airflow_runner)


def calendar_of(runner: Runner) -> Callable[..., CalendarResult]:
    """The function that the fixture gives."""

    def calendar(
        since: Date,
        until: Date | Span,
        dags: Iterable[DAG | str] | None = None,
        *,
        fresh: bool = False,
        actions: Iterable[str | Mapping[str, Any]] = (),
        conf: Mapping[str, Any] | None = None,
        world: World | str | Path | None = None,
        seed: int = 0,
        keep: str | Path | None = None,
    ) -> CalendarResult:
        """Simulate the calendar of the project's Dags, or of some, in virtual time.

        Args:
            since, until: ISO text, ``datetime`` or ``date``; ``until`` also a span after ``since``: seconds, ``"7d"``
                or a ``timedelta``. What happens at ``until`` itself still counts.
            dags: dag_ids or DAG objects whose schedules are kept; None for all of the project's. Triggers and
                sensors find the others too.
            fresh: the Dags are deployed for the first time at ``since``; catchup makes up for all the past.
            actions: what a person does meanwhile: ``"2025-01-01T05:00Z trigger sales"``, or the same as a mapping with
                the keys ``at``, ``verb``, ``dag_id``, ``task_id``, ``conf``, ``run_id`` and ``backfill``: a mapping
                with ``from``, ``to``, ``reverse``, ``max_active_runs``, ``reprocess``, ``conf`` and ``dry_run``.
            conf: of the runs that schedules make.
            world, seed, keep: as in ``run_dag``.
        Raises: DagNotFound, TaskNotFound, NoDagsFolder, ServiceUnavailable, UsageError. A failed run raises nothing:
            see ``states`` and ``ok``.
        """
        from harness.simulation.options import CalendarOptions

        __tracebackhide__ = True
        start, given = instant(since, "since"), [] if dags is None else list(dags)
        assert start is not None
        if dags is not None:
            chosen("dags", [dag if isinstance(dag, str) else dag.dag_id for dag in given])
        options = CalendarOptions(
            start,
            after(until, start, "until"),
            fresh,
            tuple(dag if isinstance(dag, str) else dag.dag_id for dag in given),
            tuple(_action(one) for one in actions),
            dict(conf or {}),
            seed,
            None if keep is None else Path(keep),
        )
        others = [dag for dag in given if not isinstance(dag, str)]
        return runner.simulate(options, None if world is None else world_of(world), others)

    return calendar


def _action(given: str | Mapping[str, Any]) -> Action:
    from harness.simulation.actions import parse_action
    from harness.simulation.backfill_options import backfill_of
    from harness.simulation.options import Action

    if isinstance(given, str):
        return parse_action(given)
    asked = given.get("backfill")
    backfill = {"backfill": backfill_of(asked)} if isinstance(asked, Mapping) else {}
    return Action(**{**given, **backfill, "at": instant(given["at"], "at")})
