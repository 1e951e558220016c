"""A task instance whose worker is gone, as the installed Airflow's scheduler finds it by its missed heartbeat.

Real are the scheduler, its executor's events and the database; ours are the clock and the death.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from airflow.models import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select

from harness.bridge.reference.clock import VirtualClock, iso
from harness.bridge.reference.run import parsed, rows_in_dag_order
from tests.differential.case import Case
from tests.differential.oracle.executor import configure
from tests.differential.oracle.order import define
from tests.differential.oracle.scheduler import Rehearsal

LOOKS_S, MOST_LOOKS, BEAT_S = 10, 120, 5
"""Of ``[scheduler] task_instance_heartbeat_timeout_detection_interval`` and ``[workers] min_heartbeat_interval``."""


def lose(folder: Path, case: Case, died_s: int) -> dict[str, Any]:
    """What becomes of the only task instance of a case, whose worker dies so many seconds after its beginning.

    Returns: ``found``, the instant; ``state``; ``callbacks`` that are asked for: the state that each is told of.
    """
    configure(case)
    with VirtualClock(dt.datetime.fromisoformat(case.start)) as clock, rows_in_dag_order():
        bag = parsed(folder, [dag.dag_id for dag in case.dags])
        define(bag.dags)
        rehearsal = Rehearsal(case, bag, clock)
        executor, asked = rehearsal.executors[0], list[str]()
        executor.send_callback = lambda request: asked.append(str(getattr(request, "task_callback_type", "mail")))  # type: ignore[method-assign]
        rehearsal._settle()
        began = clock.now
        with create_session() as session:
            running = session.scalars(select(TaskInstance).where(TaskInstance.state == "running")).one()
            running.last_heartbeat_at = began + dt.timedelta(seconds=died_s // BEAT_S * BEAT_S)
        rehearsal.running.clear()
        for number in range(1, MOST_LOOKS):
            clock.arrive(began + dt.timedelta(seconds=number * LOOKS_S))
            rehearsal.scheduler._find_and_purge_task_instances_without_heartbeats()
            with create_session() as session:
                rehearsal.scheduler._process_executor_events(executor=executor, session=session)
            with create_session() as session:
                state = session.scalars(select(TaskInstance.state)).one()
            if state != "running":
                return {"found": iso(clock.now), "state": str(state), "callbacks": asked}
        raise RuntimeError(f"it still runs at {iso(clock.now)}")
