"""The lines that made each Dag, task and edge: Airflow keeps the file of a Dag, but no lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

from harness.bridge.parsing.watching import Users

if TYPE_CHECKING:
    from airflow.sdk import DAG


class Places:
    """Where things were made, recorded while a file is parsed.

    Args:
        users: tells which frames are the repository's; the innermost of those is the place.
    """

    def __init__(self, users: Users) -> None:
        self._users = users
        self._dags: dict[int, tuple[str, int]] = {}
        self._made: list[DAG] = []  # kept, so that no id is given twice
        self._tasks: dict[int, dict[str, tuple[str, int]]] = {}
        self._edges: dict[tuple[int, str, str], tuple[str, int]] = {}
        self._naive: dict[int, bool] = {}

    def forget(self) -> None:
        """Let go of all that was made: another file follows."""
        self._made.clear()
        for kept in (self._dags, self._tasks, self._edges, self._naive):
            kept.clear()

    def of_dag(self, dag: DAG) -> tuple[str, int] | None:
        """File and line of the call that made a Dag."""
        return self._dags.get(id(dag))

    def of_task(self, dag: DAG, task_id: str) -> tuple[str, int] | None:
        """File and line of the call that made a task."""
        return self._tasks.get(id(dag), {}).get(task_id)

    def of_edge(self, dag: DAG, upstream: str, downstream: str) -> tuple[str, int] | None:
        """File and line that put one task before the other."""
        return self._edges.get((id(dag), upstream, downstream))

    def has_naive_start(self, dag: DAG) -> bool:
        """Whether a Dag was given a ``start_date`` without time zone; Airflow keeps it with one."""
        return self._naive.get(id(dag), False)

    def lost(self, found: Iterable[DAG], path: str) -> list[tuple[str, tuple[str, int], int]]:
        """Id, place and number of tasks of Dags that a file made in its own text and that are not among those found."""
        known = {id(dag) for dag in found}
        return [
            (dag.dag_id, self._dags[id(dag)], len(dag.task_dict))
            for dag in self._made
            if id(dag) not in known and self._dags[id(dag)][0] == path and dag.auto_register
        ]

    def watch(self) -> None:
        """Record from now on, in a process that is thrown away.

        Follows ``DAG.__attrs_post_init__``, ``DAG.add_task`` and ``DAGNode._set_relatives`` (3.1 to 3.3).
        """
        from airflow.sdk import DAG
        from airflow.sdk.definitions._internal.node import DAGNode

        self._after(DAG, "__attrs_post_init__", self._dag_made)
        self._see_naive(DAG)
        self._after(DAG, "add_task", self._task_added)
        self._after(DAGNode, "_set_relatives", self._related)

    def _after(self, owner: type, name: str, record: Callable[..., Any]) -> None:
        original = getattr(owner, name)

        def recorded(self_: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(self_, *args, **kwargs)
            record(self_, *args, **kwargs)
            return result

        setattr(owner, name, recorded)

    def _see_naive(self, owner: Any) -> None:
        original = owner.__attrs_post_init__

        def made(dag: Any) -> None:
            start = dag.start_date
            self._naive[id(dag)] = start is not None and getattr(start, "tzinfo", start) is None
            original(dag)

        owner.__attrs_post_init__ = made

    def _dag_made(self, dag: DAG) -> None:
        self._made.append(dag)
        self._dags.setdefault(id(dag), self._here(dag))

    def _task_added(self, dag: DAG, task: Any) -> None:
        self._tasks.setdefault(id(dag), {}).setdefault(task.task_id, self._here(task))

    def _related(self, node: Any, others: Any, upstream: bool = False, **_: Any) -> None:
        place, dag = self._here(), node.dag
        ids = [node.task_id] if hasattr(node, "task_id") else [task.task_id for task in node.roots]
        for other in others if isinstance(others, (list, tuple)) else [others]:
            for end in other.leaves if upstream else other.roots:
                for own in ids:
                    pair = (end.node_id, own) if upstream else (own, end.node_id)
                    self._edges.setdefault((id(dag), *pair), place)

    def _here(self, made: Any = None) -> tuple[str, int]:
        """The user's innermost frame; methods of what is being made are left out, as an operator's ``__init__``."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            name = frame.f_code.co_filename
            if self._users.own(name) and not _is_method_of(frame, made):
                return name, frame.f_lineno
            frame = frame.f_back
        return "", 0


def _is_method_of(frame: FrameType, made: Any) -> bool:
    code = frame.f_code
    return made is not None and code.co_argcount > 0 and frame.f_locals.get(code.co_varnames[0]) is made
