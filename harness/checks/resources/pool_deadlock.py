"""``pool-deadlock``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from harness.checks.context import Judgement, Note
from harness.checks.registry import check
from harness.checks.resources.external_dag import awaited
from harness.results.finding import Problem


@check("pool-deadlock", level="repository", gather=awaited)
def pool_deadlock(notes: list[Note], judgement: Judgement) -> Iterator[Problem]:
    """Sensors that can hold all slots of a pool while they wait for tasks that need one of them.

    A sensor in ``poke`` mode keeps its slots while it waits. When those that wait for tasks of the same pool can fill
    it, nothing moves until they time out. Only one run of each Dag is counted; more make it worse.

    Fix: ``mode="reschedule"`` or ``deferrable=True`` for the sensors, or a pool of their own.
    """
    dags = {note.dag_id: note.value for note in notes}
    waiting: dict[str, list[tuple[Note, dict[str, Any], int]]] = defaultdict(list)
    for note in notes:
        for ref in note.value["refs"]:
            needs = _needs(ref, dags)
            if needs is not None:
                waiting[ref["pool"][0]].append((note, ref, needs))
    for pool, sensors in sorted(waiting.items()):
        size = judgement.declared.pools.get(pool, -1)
        held = sum(ref["pool"][1] for _, ref, _ in sensors)
        note, ref, needs = sensors[0]
        if size >= 0 and size - held < needs and all(one["pool"][1] <= size for _, one, _ in sensors):
            names = ", ".join(f"{one.dag_id}.{sensor['task_id']}" for one, sensor, _ in sensors)
            yield Problem(
                f"poking sensors can hold all {size} slots of pool {pool!r}, which what they wait for needs: {names}",
                ref["task_id"],
                ref["line"],
                ref["path"] or note.path,
                'mode="reschedule" or deferrable=True, or a pool of their own',
                note.dag_id,
            )


def _needs(ref: dict[str, Any], dags: dict[str, Any]) -> int | None:
    """Slots of a sensor's own pool that something it waits for needs; None when it holds none, or needs none."""
    other = dags.get(ref["dag_id"]) if ref.get("holds") else None
    if other is None:
        return None
    tasks, rest, seen = other["tasks"], [one for one in ref["tasks"] if one in other["tasks"]], set()
    rest = rest or ([] if ref["tasks"] or ref["group"] else list(tasks))
    while rest:
        task_id = rest.pop()
        if task_id in seen:
            continue
        seen.add(task_id)
        rest += tasks[task_id][2]
    slots = [tasks[task_id][1] for task_id in seen if tasks[task_id][0] == ref["pool"][0]]
    return max(slots, default=None)
