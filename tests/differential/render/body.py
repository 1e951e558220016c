"""What stands inside ``with DAG(…)``: tasks and groups in the order of the case, then the arrows."""

from __future__ import annotations

import re
from collections import Counter

from tests.differential.case import Act, DagCase, TaskCase
from tests.differential.render import text
from tests.differential.render.text import INDENT, Code, shown

CLASSES = {
    "plain": "Play",
    "empty": "EmptyOperator",
    "branch": "Branch",
    "short_circuit": "ShortCircuit",
    "latest_only": "LatestOnlyOperator",
}
AS_AIRFLOW = {**vars(TaskCase("")), "ignore_first_depends_on_past": False}
"""Defaults of arguments; of one Airflow's differs from the case's."""


class Body:
    """The text of a Dag's tasks.

    Args:
        reopened: plain groups that need a name, for tasks outside stand between their own; found by a first pass.
    """

    def __init__(self, dag: DagCase, reopened: frozenset[str] = frozenset()) -> None:
        self.dag, self.reopened = dag, reopened
        self.mapped = {group.group_id: group.mapped_over for group in dag.groups if group.mapped_over is not None}
        groups = {prefix for task in dag.tasks for prefix in prefixes(task.group)}
        self.names = variables([task.task_id for task in dag.tasks] + sorted(groups))
        self.visible: set[str] = set()
        self.openings: Counter[str] = Counter()
        self.written: set[tuple[str, str]] = set()

    def lines(self) -> list[str]:
        """All lines, indented once."""
        return [
            *self._members(list(self.dag.tasks), "", INDENT),
            *self._arrows(list(self.dag.tasks), INDENT, last=True),
        ]

    def _members(self, tasks: list[TaskCase], group: str, indent: str) -> list[str]:
        """Tasks and groups directly below a group; a plain group is opened again when others come in between."""
        found: list[str] = []
        left = list(tasks)
        while left:
            inner = below(left[0].group, group)
            if not inner:
                found += self._task(left.pop(0), indent)
                continue
            within = [task for task in left if is_in(task, inner)]
            if inner not in self.mapped:
                within = within[: next((n for n, task in enumerate(left) if not is_in(task, inner)), len(left))]
            left = [task for task in left if task not in within]
            found += (
                self._mapped_group(within, inner, indent)
                if inner in self.mapped
                else self._group(within, inner, indent)
            )
        return found

    def _group(self, tasks: list[TaskCase], group: str, indent: str) -> list[str]:
        self.openings[group] += 1
        name = self.names[group]
        opened = name if self.openings[group] > 1 else f"TaskGroup({shown(label(group))})"
        if self.openings[group] == 1 and group in self.reopened:
            opened += f" as {name}"
        return [f"{indent}with {opened}:", *self._members(tasks, group, indent + INDENT)]

    def _mapped_group(self, tasks: list[TaskCase], group: str, indent: str) -> list[str]:
        """A function: what its variables name is not seen after it."""
        name, outside = self.names[group], set(self.visible)
        same = name == label(group)
        lines = [
            "",
            f"{indent}@task_group" if same else f"{indent}@task_group(group_id={shown(label(group))})",
            f"{indent}def {name}(item):",
            *self._members(tasks, group, indent + INDENT),
            *self._arrows(tasks, indent + INDENT, last=False),
            "",
        ]
        self.visible = outside
        return [*lines, f"{indent}{name}.expand(item={self._items(self.mapped[group])})"]

    def _task(self, task: TaskCase, indent: str) -> list[str]:
        check(task)
        values = self._arguments(task)
        name = f"{self.names[task.task_id]} = {CLASSES[task.kind]}" + (
            ".partial" if task.mapped_over is not None else ""
        )
        tail = f".expand(item={self._items(task.mapped_over)})" if task.mapped_over is not None else ""
        self.visible.add(task.task_id)
        return text.call(name, text.keywords(values, AS_AIRFLOW), tail + self._as_setup_or_teardown(task), indent)

    def _arguments(self, task: TaskCase) -> dict[str, object]:
        """Keyword arguments by name, in the order they are printed; of those that are default the case's value."""
        values: dict[str, object] = {"task_id": label(task.task_id)}
        if set(task.acts) != {Act()}:  # `_play` gives Dags without any other act a class that takes none
            values["acts"] = text.acts(task.acts)
        if task.acts_of:
            values["acts_of"] = {index: text.acts(several) for index, several in task.acts_of.items()}
        plain = ("trigger_rule", "retries", "depends_on_past", "wait_for_downstream", "pool", "pool_slots")
        values |= {name: getattr(task, name) for name in plain if name != "trigger_rule" or not is_teardown(task)}
        if task.depends_on_past or task.wait_for_downstream:
            values["ignore_first_depends_on_past"] = task.ignore_first_depends_on_past
        if task.retry_delay_s != AS_AIRFLOW["retry_delay_s"]:
            values["retry_delay"] = text.seconds(task.retry_delay_s)
        if task.retry_exponential_backoff:  # before 3.2 a bool, which later versions take for 2.0
            factor = task.retry_exponential_backoff
            values["retry_exponential_backoff"] = True if factor == 2.0 else factor
        for name in ("max_retry_delay", "execution_timeout"):
            if (limit := getattr(task, f"{name}_s")) is not None:
                values[name] = text.seconds(limit)
        numbers = ("priority_weight", "weight_rule", "max_active_tis_per_dag", "max_active_tis_per_dagrun")
        values |= {name: getattr(task, name) for name in numbers}
        if task.kind == "short_circuit":
            values["ignore_downstream_trigger_rules"] = task.ignore_downstream_trigger_rules
        if task.executor is not None:
            values["executor"] = task.executor
        if task.queue != "default":
            values["queue"] = task.queue
        if task.outlets:
            values["outlets"] = Code(f"[{', '.join(f'Asset({shown(name)})' for name in task.outlets)}]")
        return values

    def _as_setup_or_teardown(self, task: TaskCase) -> str:
        if not is_teardown(task):
            return ".as_setup()" if task.is_setup else ""
        self.written |= {(setup, task.task_id) for setup in task.teardown_of}  # as_teardown draws these arrows
        given = [f"setups={self._several(task.teardown_of)}"] if task.teardown_of else []
        given += ["on_failure_fail_dagrun=True"] if task.on_failure_fail_dagrun else []
        return f".as_teardown({', '.join(given)})"

    def _arrows(self, tasks: list[TaskCase], indent: str, *, last: bool) -> list[str]:
        """``>>`` to these tasks; before the end of the Dag only from what has been named."""
        found = []
        for task in tasks:
            ready = [u for u in task.upstream if (u, task.task_id) not in self.written and (last or u in self.visible)]
            self.written |= {(upstream, task.task_id) for upstream in ready}
            if ready:
                found.append(f"{indent}{self._several(tuple(ready))} >> {self._task_of(task.task_id)}")
        return ["", *found] if found else []

    def _items(self, over: str | int | None) -> str:
        return f"{self._task_of(over)}.output" if isinstance(over, str) else repr(list(range(over or 0)))

    def _several(self, task_ids: tuple[str, ...]) -> str:
        names = [self._task_of(task_id) for task_id in task_ids]
        return names[0] if len(names) == 1 else f"[{', '.join(names)}]"

    def _task_of(self, task_id: str) -> str:
        return self.names[task_id] if task_id in self.visible else f"dag.get_task({shown(task_id)})"


def check(task: TaskCase) -> None:
    """Raises: ValueError: a case that cannot be played."""
    played = task.kind not in ("empty", "latest_only")
    if not played and (task.acts != (Act(),) or task.acts_of or task.mapped_over is not None):
        raise ValueError(f"{task.task_id}: an operator of kind {task.kind!r} plays no acts and is not mapped")
    several = [*task.acts, *(act for acts in task.acts_of.values() for act in acts)]
    if task.kind == "branch" and any(act.state == "success" and act.follows is None for act in several):
        raise ValueError(f"{task.task_id}: a branch that succeeds must say what it follows")
    if task.group and not task.task_id.startswith(f"{task.group}."):
        raise ValueError(f"{task.task_id}: the id does not begin with its group {task.group!r}")


def is_teardown(task: TaskCase) -> bool:
    """Whether it is rendered with ``as_teardown``."""
    return task.is_teardown or bool(task.teardown_of)


def label(node_id: str) -> str:
    """An id without its groups' prefix."""
    return node_id.rpartition(".")[2]


def prefixes(group: str) -> list[str]:
    """A group and those around it, the outermost first."""
    parts = group.split(".") if group else []
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def below(group: str, outer: str) -> str:
    """The group next below ``outer`` on the way to ``group``; "" when that is ``outer`` itself."""
    return next((found for found in prefixes(group) if found.count(".") == (outer.count(".") + 1 if outer else 0)), "")


def is_in(task: TaskCase, group: str) -> bool:
    """Whether a task is in a group, at any depth."""
    return group in prefixes(task.group)


def variables(node_ids: list[str]) -> dict[str, str]:
    """A Python name for each id: its label, the whole id where labels collide."""
    labels = Counter(label(node_id) for node_id in node_ids)
    return {node_id: _name(label(node_id) if labels[label(node_id)] == 1 else node_id) for node_id in node_ids}


def _name(wanted: str) -> str:
    name = re.sub(r"\W", "_", wanted)
    return name if name.isidentifier() else f"_{name}"
