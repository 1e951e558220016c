"""Tasks as drawn, put together as a Dag that Airflow accepts: what does not fit is made plain, nothing is rejected.

Tasks of a group stand together and depend only on earlier ones, so neither tasks nor groups go round in a circle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.differential.case import Act, GroupCase, TaskCase
from tests.differential.generate.raw import Over, Raw
from tests.differential.render.body import prefixes

UNPLAYED = ("empty", "latest_only")
"""Kinds that have no acts."""


def assemble(
    raws: list[Raw], spans: Mapping[str, Over], *, only_all_success: bool = False
) -> tuple[tuple[TaskCase, ...], tuple[GroupCase, ...]]:
    """Tasks and groups of a Dag.

    Args:
        spans: what groups are mapped over, as `Raw.over`.
        only_all_success: no other trigger rule, as a Dag with ``fail_fast`` wants it.
    """
    raws = in_blocks(raws)
    ids = [f"{raw.group}.t{n}" if raw.group else f"t{n}" for n, raw in enumerate(raws)]
    groups = _groups(raws, ids, spans)
    mapped = {group.group_id for group in groups if group.mapped_over is not None}
    tasks = [_task(n, raws, ids, mapped) for n in range(len(raws))]
    tasks = [_with_setups(task, tasks[:n], mapped) for n, task in enumerate(tasks)]
    upstreams = effective_upstreams(tasks, groups)
    tasks = [_with_rule(task, upstreams, tasks, mapped, only_all_success) for task in tasks]
    returns = _returns(tasks, raws, groups, spans)
    return tuple(_with_acts(task, raw, tasks, returns, mapped) for task, raw in zip(tasks, raws, strict=True)), groups


def in_blocks(raws: list[Raw]) -> list[Raw]:
    """Sorted so that each group is in one piece, where its first task was."""
    first: dict[str, int] = {}
    for n, raw in enumerate(raws):
        for group in prefixes(raw.group):
            first.setdefault(group, n)
    order = sorted(range(len(raws)), key=lambda n: [*(first[group] for group in prefixes(raws[n].group)), n])
    return [raws[n] for n in order]


def _groups(raws: list[Raw], ids: list[str], spans: Mapping[str, Over]) -> tuple[GroupCase, ...]:
    found: dict[str, GroupCase] = {}
    for n, raw in enumerate(raws):
        for group in prefixes(raw.group):
            if group not in found:
                found[group] = GroupCase(group, _source(spans.get(group), n, raws, ids))
    return tuple(found.values())


def _source(over: Over | None, n: int, raws: list[Raw], ids: list[str]) -> int | str | None:
    """What the task or group that begins at ``n`` maps over."""
    plain = [ids[m] for m in range(n) if raws[m].kind == "plain" and raws[m].role != "teardown"]
    return over if over is None else plain[-1] if over.returned and plain else over.length


def _returns(
    tasks: list[TaskCase], raws: list[Raw], groups: tuple[GroupCase, ...], spans: Mapping[str, Over]
) -> dict[str, int]:
    """How long a list a task returns: as who first maps over it would have it."""
    found: dict[str, int] = {}
    mappers = [(task.mapped_over, raw.over) for task, raw in zip(tasks, raws, strict=True)]
    for source, over in (*mappers, *((group.mapped_over, spans.get(group.group_id)) for group in groups)):
        if isinstance(source, str) and over is not None:
            found.setdefault(source, over.length)
    return found


def mapped_group_of(group: str, mapped: set[str]) -> str:
    """The mapped group that a group is in, or is; "" for none."""
    return next((found for found in prefixes(group) if found in mapped), "")


def _task(n: int, raws: list[Raw], ids: list[str], mapped: set[str]) -> TaskCase:
    raw = raws[n]
    kind = "plain" if raw.role else raw.kind
    alone = kind in UNPLAYED or mapped_group_of(raw.group, mapped)
    over = None if alone else _source(raw.over, n, raws, ids)
    upstream = dict.fromkeys(ids[n - back] for back in raw.back if back <= n)
    upstream.pop(over, None)  # expand() draws that arrow
    options = {name: value for name, value in raw.options.items() if _fits(name, kind, raw.role)}
    if raw.flaky and kind not in UNPLAYED:
        options["retries"] = len(raw.flaky) - 1
    return TaskCase(
        task_id=ids[n],
        kind=kind,
        upstream=tuple(upstream),
        trigger_rule=raw.rule,
        is_setup=raw.role == "setup",
        is_teardown=raw.role == "teardown",
        mapped_over=over,
        group=raw.group,
        **options,
    )


def _fits(option: str, kind: str, role: str) -> bool:
    if option == "ignore_downstream_trigger_rules":
        return kind == "short_circuit"
    if option == "on_failure_fail_dagrun":
        return role == "teardown"
    return option != "retries" or kind not in UNPLAYED


def _with_setups(task: TaskCase, earlier: list[TaskCase], mapped: set[str]) -> TaskCase:
    """A teardown takes the setups right before it, else the nearest, of its own mapped group."""
    if not task.is_teardown:
        return task
    scope = mapped_group_of(task.group, mapped)
    setups = [other.task_id for other in earlier if other.is_setup and mapped_group_of(other.group, mapped) == scope]
    chosen = tuple(setup for setup in setups if setup in task.upstream) or tuple(setups[-1:])
    return replace(task, teardown_of=chosen, upstream=tuple(up for up in task.upstream if up not in chosen))


def effective_upstreams(tasks: list[TaskCase], groups: tuple[GroupCase, ...]) -> dict[str, set[str]]:
    """Direct upstream task ids with those that mapping and teardowns add."""
    found = {task.task_id: {*task.upstream, *task.teardown_of} for task in tasks}
    for task in tasks:
        if isinstance(task.mapped_over, str):
            found[task.task_id].add(task.mapped_over)
    for group in groups:
        if isinstance(group.mapped_over, str):
            members = {task.task_id for task in tasks if group.group_id in prefixes(task.group)}
            for member in members:
                if not found[member] & members:  # the roots of the group
                    found[member].add(group.mapped_over)
    return found


def _with_rule(
    task: TaskCase, upstreams: Mapping[str, set[str]], tasks: list[TaskCase], mapped: set[str], only_all_success: bool
) -> TaskCase:
    """Airflow refuses other rules right after a setup, and "always" where instances are not known yet."""
    setups = {other.task_id for other in tasks if other.is_setup}
    expands = isinstance(task.mapped_over, str) or mapped_group_of(task.group, mapped)
    plain = only_all_success or task.is_teardown or upstreams[task.task_id] & setups
    if plain or (expands and task.trigger_rule == "always"):
        return replace(task, trigger_rule="all_success")
    return task


def _with_acts(
    task: TaskCase, raw: Raw, tasks: list[TaskCase], returns: Mapping[str, int], mapped: set[str]
) -> TaskCase:
    """Its acts: no more than it has tries, with what a branch follows and the list of one that is mapped over."""
    if task.kind in UNPLAYED:
        return task
    downstream = [other.task_id for other in tasks if task.task_id in other.upstream]

    def play(acts: tuple[Act, ...], index: int) -> tuple[Act, ...]:
        return tuple(_played(act, task, raw, downstream, returns, index) for act in acts[: task.retries + 1])

    expands = task.mapped_over is not None or mapped_group_of(task.group, mapped)
    acts_of = {index: play(raw.acts_of[index], index + 1) for index in sorted(raw.acts_of)} if expands else {}
    acts = tuple(replace(raw.acts[n % len(raw.acts)], state=state) for n, state in enumerate(raw.flaky)) or raw.acts
    return replace(task, acts=play(acts, 0), acts_of=acts_of)


def _played(act: Act, task: TaskCase, raw: Raw, downstream: list[str], returns: Mapping[str, int], index: int) -> Act:
    if act.state != "success":
        return act
    bits = raw.bits[index % len(raw.bits) :] + raw.bits[: index % len(raw.bits)] if raw.bits else ()
    if task.kind == "branch":
        return replace(act, follows=tuple(d for n, d in enumerate(downstream) if n >= len(bits) or bits[n]))
    if task.kind == "short_circuit":
        return replace(act, follows=() if bits[:1] == (False,) else None)
    return replace(act, returns=returns.get(task.task_id))
