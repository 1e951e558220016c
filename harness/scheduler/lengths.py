"""How many instances a mapped task has, and which of a relative's instances belong to one of them."""

from __future__ import annotations

from collections.abc import Container

from harness.scheduler.model import FINISHED, Concat, Dag, DagRun, Key, KnownLength, Length, OfTask, Product, Task, Zip


class NotPopulated(LookupError):
    """A mapped length that needs values which have not been returned (Airflow's ``NotFullyPopulated``).

    Attributes:
        missing: task ids whose value is missing, in the order met.
    """

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"no value to map over from {', '.join(map(repr, missing)) or 'its arguments'}")
        self.missing = missing


def length_of(length: Length, run: DagRun, imposed: Container[Key] = ()) -> int | None:
    """The length of a mapped argument in a run; None while it is not known.

    A mapped upstream counts the instances that returned something, once all are finished.

    Args:
        imposed: instances that a pass has given a final state which is not set yet.
    Source: airflow/serialization/definitions/xcom_arg.py `get_task_map_length`,
    airflow/models/expandinput.py `get_total_map_length` (3.3.2).
    """
    if isinstance(length, KnownLength):
        return length.length
    if isinstance(length, OfTask):
        return _returned_length(length.task_id, run, imposed)
    known: list[int] = []
    for part in length.parts:
        size = length_of(part, run, imposed)
        if size is None:
            return None
        known.append(size)
    return _combined(length, known)


def parse_time_length(length: Length) -> int | None:
    """The length of a mapped argument when all of it is literal, else None.

    Source: airflow/models/expandinput.py `get_parse_time_mapped_ti_count` (3.3.2).
    """
    if isinstance(length, KnownLength):
        return length.length
    if isinstance(length, OfTask):
        return None
    known: list[int] = []
    for part in length.parts:
        size = parse_time_length(part)
        if size is None:
            return None
        known.append(size)
    return _combined(length, known)


def _combined(length: Zip | Concat | Product, known: list[int]) -> int:
    if isinstance(length, Concat):
        return sum(known)
    if isinstance(length, Zip):
        return max(known) if length.longest else min(known)
    total = 1 if known else 0
    for size in known:
        total *= size
    return total


def _returned_length(task_id: str, run: DagRun, imposed: Container[Key]) -> int | None:
    task = run.dag.tasks.get(task_id)
    if task is None and -1 not in run.returned.get(task_id, (-1,)):  # mapped, and left out of the run
        return len(run.returned[task_id])
    if task is None or not task.is_mapped:
        return run.lengths.get(task_id)
    for ti in run.task_instances.values():
        if ti.task.task_id == task_id and ti.state not in FINISHED and ti.key not in imposed:
            return None
    return sum(1 for index in run.returned.get(task_id, ()) if index >= 0)


def _missing(length: Length, run: DagRun) -> tuple[str, ...]:
    if isinstance(length, KnownLength):
        return ()
    if isinstance(length, OfTask):
        return () if length_of(length, run) is not None else (length.task_id,)
    return tuple(dict.fromkeys(name for part in length.parts for name in _missing(part, run)))


def _known_length(length: Length, run: DagRun, imposed: Container[Key] = ()) -> int:
    size = length_of(length, run, imposed)
    if size is None:
        raise NotPopulated(_missing(length, run))
    return size


def is_mapped_somewhere(task: Task) -> bool:
    """Whether the task is mapped or in a mapped task group (``get_needs_expansion``)."""
    return task.length is not None or bool(task.groups)


def mapped_count(task: Task, run: DagRun, imposed: Container[Key] = ()) -> int | None:
    """How many instances the task has in a run: its own length times those of all mapped groups around it.

    Args:
        imposed: as of `length_of`.
    Returns: None when the task is mapped nowhere (Airflow raises ``NotMapped``).
    Raises: NotPopulated: a value that an expansion needs is missing.
    Source: airflow/serialization/definitions/mappedoperator.py `get_mapped_ti_count` (3.3.2).
    """
    if task.length is None and not task.groups:
        return None
    total = 1 if task.length is None else _known_length(task.length, run, imposed)
    for group_id in task.groups:
        total *= _known_length(run.dag.groups[group_id].length, run, imposed)
    return total


def parse_time_mapped_count(task: Task, dag: Dag) -> int | None:
    """The count when every length is literal, else None; None too for a task mapped nowhere.

    Source: airflow/serialization/definitions/mappedoperator.py `get_parse_time_mapped_ti_count` (3.3.2).
    """
    if task.length is None and not task.groups:
        return None
    lengths = [task.length] if task.length is not None else []
    lengths += [dag.groups[group_id].length for group_id in task.groups]
    total = 1
    for length in lengths:
        size = parse_time_length(length)
        if size is None:
            return None
        total *= size
    return total


def relevant_map_indexes(
    task: Task, map_index: int, ti_count: int | None, relative: Task, run: DagRun
) -> int | range | None:
    """Which instances of a relative belong to one mapped instance of a task.

    Args:
        map_index: of the task's instance, -1 before expansion.
        ti_count: how many instances the task has (``mapped_count``).
    Returns: one index, a range of them when the relative is mapped further inside the common group,
        or None for all of them (no common mapped group, or nothing to divide).
    Raises: NotPopulated: the common group's length is not known.
    Source: airflow/models/taskinstance.py `_get_relevant_map_indexes` (3.3.2).
    """
    if not ti_count:
        return None
    ancestor = next((group for group in relative.groups if group in task.groups), None)
    if ancestor is None:
        return None
    ancestor_count = _group_count(ancestor, run)
    ancestor_index = map_index * ancestor_count // ti_count
    if not relative.is_mapped and relative.groups[0] == ancestor:
        return ancestor_index
    further = ti_count // ancestor_count
    return range(ancestor_index * further, (ancestor_index + 1) * further)


def _group_count(group_id: str, run: DagRun) -> int:
    total, current = 1, run.dag.groups.get(group_id)
    while current is not None:
        total *= _known_length(current.length, run)
        current = run.dag.groups[current.parent] if current.parent else None
    return total
