"""The XComs of one run, found by task instance and by task without going through all of them."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

XComKey = tuple[str, int, str]
"""(task_id, map_index, key)"""


class XComs(MutableMapping[XComKey, Any]):
    """Stored values by task, map index and key."""

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: dict[str, dict[int, dict[str, Any]]] = {}

    def __getitem__(self, key: XComKey) -> Any:
        task_id, index, name = key
        try:
            return self._tasks[task_id][index][name]
        except KeyError:
            raise KeyError(key) from None

    def __setitem__(self, key: XComKey, value: Any) -> None:
        task_id, index, name = key
        self._tasks.setdefault(task_id, {}).setdefault(index, {})[name] = value

    def __delitem__(self, key: XComKey) -> None:
        task_id, index, name = key
        self[key]
        del self._tasks[task_id][index][name]

    def __iter__(self) -> Iterator[XComKey]:
        return ((task_id, index, name) for (task_id, index), values in self.by_instance() for name in values)

    def __len__(self) -> int:
        return sum(len(values) for _, values in self.by_instance())

    def keys_of(self, task_id: str, index: int) -> list[str]:
        """The keys a task instance has pushed, sorted."""
        return sorted(self._tasks.get(task_id, {}).get(index, ()))

    def of_task(self, task_id: str, name: str) -> list[tuple[int, Any]]:
        """(map_index, value) of what a task's instances pushed under a key, ascending."""
        found = [(index, values[name]) for index, values in self._tasks.get(task_id, {}).items() if name in values]
        return sorted(found, key=lambda pair: pair[0])

    def by_instance(self) -> Iterator[tuple[tuple[str, int], dict[str, Any]]]:
        """((task_id, map_index), values by key), task by task as they first pushed."""
        for task_id, instances in self._tasks.items():
            for index, values in instances.items():
                yield (task_id, index), values
