"""What is drawn for a case after all else, so that the cases of a seed stay what they were: executors and deadlines."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from tests.differential.case import Case, DagCase, DeadlineCase, TaskCase

EXECUTORS = ({"main": 2, "side": 1}, {"main": 1, "side": 1}, {"main": 3, "side": 2}, {"main": 32, "side": 1})
ASKED = ("side", None, "side", "main", "oracle.side.Executor")
INTERVALS_S = (61, 121, 301, 601, 1801, 3601, 7201, 86461)
"""Off the full minutes at which tasks end, and runs with them."""


@st.composite
def with_executors(draw: st.DrawFn, case: Case) -> Case:
    """One case in five: two executors with slots of their own, tasks that name one of them, and perhaps a queue that no
    worker serves."""
    if not draw(st.sampled_from((False, False, False, False, True))):
        return case
    queues = draw(st.sampled_from((("default",), ("default", "default", "default", "nobody"))))

    def placed(task: TaskCase) -> TaskCase:
        return replace(task, executor=draw(st.sampled_from(ASKED)), queue=draw(st.sampled_from(queues)))

    dags = tuple(replace(dag, tasks=tuple(placed(task) for task in dag.tasks)) for dag in case.dags)
    return replace(case, dags=dags, executors=draw(st.sampled_from(EXECUTORS)))


@st.composite
def with_deadlines(draw: st.DrawFn, case: Case) -> Case:
    """Every other case: each of its Dags with up to two deadlines; they change nothing but what is told of them."""
    if not draw(st.sampled_from((False, True))):
        return case
    return replace(case, dags=tuple(replace(dag, deadlines=_deadlines(draw, dag, case)) for dag in case.dags))


def _deadlines(draw: st.DrawFn, dag: DagCase, case: Case) -> tuple[DeadlineCase, ...]:
    kinds = ["queued_at", "queued_at", "fixed", *([] if dag.assets else ["logical_date"])]  # 3.1 dies of a missing date
    found = []
    for _ in range(draw(st.sampled_from((1, 2, 0)))):
        kind, interval_s = draw(st.sampled_from(kinds)), draw(st.sampled_from(INTERVALS_S))
        start = datetime.fromisoformat(case.start)
        at = (start + timedelta(hours=draw(st.sampled_from((1, 0, -1))))).isoformat() if kind == "fixed" else None
        found.append(DeadlineCase(kind, interval_s, at))
    return tuple(found)
