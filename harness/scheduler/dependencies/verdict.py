"""What a dependency says of a task instance, and the sentence that names the upstream instances that decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.model import (
    FAILED,
    FAILED_STATES,
    FINISHED,
    REMOVED,
    SKIPPED,
    SUCCESS,
    UPSTREAM_FAILED,
    Key,
    TaskInstance,
    TaskState,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a dependency lets a task instance run.

    Attributes:
        met: it may run, as far as this dependency goes.
        new_state: the state the instance must take, None to leave it alone.
        reason: a sentence naming what decided.
    """

    met: bool
    new_state: TaskState | None
    reason: str


_SHOWN = 4
_WORDS: dict[str | None, str] = {
    SUCCESS: "succeeded",
    FAILED: "failed",
    SKIPPED: "was skipped",
    REMOVED: "was removed",
    None: "has not started",
}
_SKIPPED_BY = {
    "all_success": {SKIPPED},
    "all_failed": {SUCCESS, SKIPPED},
    "all_done_min_one_success": {SKIPPED},
    "none_skipped": {SKIPPED},
    "all_skipped": {SUCCESS, FAILED, UPSTREAM_FAILED},
}


def named(ti: TaskInstance) -> str:
    """``'load'``, or ``'load'[3]`` for a mapped instance."""
    return f"'{ti.task_id}'" if ti.map_index < 0 else f"'{ti.task_id}'[{ti.map_index}]"


def listed(instances: Iterable[TaskInstance], imposed: Mapping[Key, str] | None = None) -> str:
    """``'a' failed, 'b'[2] was skipped and 3 more``; ``imposed`` states stand for those of the instances."""
    several, imposed = list(instances), imposed or {}
    states = [imposed.get(ti.key, ti.state) for ti in several[:_SHOWN]]
    parts = [f"{named(ti)} {_WORDS.get(state, f'is {state}')}" for ti, state in zip(several, states, strict=False)]
    more = f" and {len(several) - _SHOWN} more" if len(several) > _SHOWN else ""
    return ", ".join(parts) + more


def explain(ti: TaskInstance, context: DepContext, new_state: TaskState | None, part: str) -> str:
    """Why the trigger rule of ``ti`` waits, is met, or imposes ``new_state``.

    Args:
        part: what decided: ``rule``, ``setup``, ``scope``, ``past``, ``free`` or ``unknown``.
    """
    task, wiring = ti.task, context.wiring[ti.task.task_id]
    rule = f"trigger rule '{task.trigger_rule}'"
    if part == "free":
        return "no upstream task" if not task.upstream else f"{rule}: runs whatever its upstreams do"
    if part == "unknown":
        return f"{rule}: Airflow knows no such rule"
    if part == "past":
        return "would be skipped, but its past dependencies are not met"
    if part == "scope":
        return f"teardown waits for what its setup serves: {_waiting(ti, context, wiring.scope)}"
    if part == "setup":
        deciding = _deciding(ti, context, wiring.indirect_setups, new_state, "all_success")
        return f"required setup {deciding}"
    if new_state == REMOVED:
        return f"{rule}: fewer upstream instances succeeded than map index {ti.map_index} needs"
    return f"{rule}: {_direct(ti, context, new_state)}"


def _direct(ti: TaskInstance, context: DepContext, new_state: TaskState | None) -> str:
    if new_state is not None:
        return f"upstream {_deciding(ti, context, ti.task.upstream, new_state, ti.task.trigger_rule)}"
    waiting = _waiting(ti, context, ti.task.upstream)
    if waiting:
        return f"upstream {waiting}"
    everyone = listed(_relevant(ti, context, ti.task.upstream, lambda _: True))
    return f"upstream {everyone}" if everyone else "no upstream instance"


def _deciding(
    ti: TaskInstance, context: DepContext, upstream: Iterable[str], new_state: TaskState | None, rule: str
) -> str:
    deciding = FAILED_STATES if new_state == UPSTREAM_FAILED else _SKIPPED_BY.get(rule, FINISHED)
    upstream = tuple(upstream)
    if new_state is None:
        return _waiting(ti, context, upstream)
    found = _relevant(ti, context, upstream, lambda one: one.state in deciding)
    return listed(found or _relevant(ti, context, upstream, lambda one: one.state in FINISHED))


def _waiting(ti: TaskInstance, context: DepContext, upstream: Iterable[str]) -> str:
    upstream = tuple(upstream)
    missing = [f"'{name}' is not in this run" for name in upstream if not context.instances(name)]
    running = listed(_relevant(ti, context, upstream, lambda one: one.state not in FINISHED))
    return ", ".join([*missing[:_SHOWN], *([running] if running else [])])


def _relevant(
    ti: TaskInstance, context: DepContext, upstream: Iterable[str], keep: Callable[[TaskInstance], bool]
) -> list[TaskInstance]:
    return [one for task_id in upstream for one in context.relevant(ti, task_id) if keep(one)]
