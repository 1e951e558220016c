"""A calendar of many Dags by the rules alone, with code, or as a model in SimPy; prints a JSON object on its last line.

``rules_case.py rules|code|simpy DAGS DAYS``, in a process of its own. Each Dag runs daily, at one of 24 hours, and is a
tree of twenty tasks of five minutes; all share a pool of a hundred slots and an executor of 64.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

TASKS, SLOTS, PARALLELISM, LASTS_S = 20, 100, 64, 300
SINCE = datetime(2025, 1, 1, tzinfo=timezone.utc)


def simulated(dags: int, days: int, code: bool) -> Callable[[], int]:
    """Simulates the calendar. Returns: how many task instances ended."""
    from harness.bridge.environment import sandbox

    sandbox.enter()
    from airflow.sdk import DAG, BaseOperator

    from harness.bridge.loader import Folder
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.world import World

    class Works(BaseOperator):
        def execute(self, context: Any) -> None:
            """Does nothing."""

    made = {}
    for number in range(dags):
        start = SINCE - timedelta(days=31)
        with DAG(f"d{number:04}", schedule=f"0 {number % 24} * * *", start_date=start, catchup=False) as dag:
            tasks = [Works(task_id=f"t{n:02}") for n in range(TASKS)]
            for n in range(1, TASKS):
                tasks[(n - 1) // 2] >> tasks[n]
        made[dag.dag_id] = dag
    world = World()
    world.set_executor(parallelism=PARALLELISM)
    world.set_pool("default_pool", SLOTS)
    world.set_duration("*", LASTS_S)
    few = Rehearsal(Folder(dags=dict(list(made.items())[:2])))
    few.simulate(CalendarOptions(SINCE, SINCE + timedelta(days=1), code=code), world)  # what is imported once
    rehearsal = Rehearsal(Folder(dags=made))
    options = CalendarOptions(SINCE, SINCE + timedelta(days=days), code=code)
    return lambda: rehearsal.simulate(options, world).capacity.task_instances


def modelled(dags: int, days: int) -> Callable[[], int]:
    """The same as somebody would write it in SimPy for this one calendar: no states, no limits but slots."""
    import simpy

    def simulate() -> int:
        environment = simpy.Environment()
        executor, pool = simpy.Resource(environment, PARALLELISM), simpy.Resource(environment, SLOTS)
        ended = 0

        def task(before: Any, done: Any) -> Any:
            nonlocal ended
            if before is not None:
                yield before
            with pool.request() as slot, executor.request() as worker:
                yield slot & worker
                yield environment.timeout(LASTS_S)
            ended += 1
            done.succeed()

        def dag(number: int) -> Any:
            yield environment.timeout(number % 24 * 3600)
            for _ in range(days):
                done = [environment.event() for _ in range(TASKS)]
                for n in range(TASKS):
                    environment.process(task(done[(n - 1) // 2] if n else None, done[n]))
                yield environment.timeout(86400)

        for number in range(dags):
            environment.process(dag(number))
        environment.run(until=days * 86400)
        return ended

    return simulate


def measured(how: str, dags: int, days: int) -> dict[str, float]:
    """Task instances a second of processor time, and KiB that each of them keeps."""
    run = modelled(dags, days) if how == "simpy" else simulated(dags, days, how == "code")
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    instances = run()
    took = time.process_time() - began
    kept = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"instances": instances, "cpu_s": took, "per_second": instances / took, "kept_kib": kept / instances}


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], *map(int, sys.argv[2:]))))
