"""Whether a task instance's upstreams let it run, or decide its state."""

from __future__ import annotations

from typing import NamedTuple

from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.dependencies.explain import explain
from harness.scheduler.dependencies.rule_table import RULES, UpstreamStates, required
from harness.scheduler.dependencies.verdict import Verdict
from harness.scheduler.model import FINISHED, SKIPPED, TaskInstance, TaskState

__all__ = ["RuleDecision", "Verdict", "evaluate", "judge"]


class RuleDecision(NamedTuple):
    """What was decided and by which part: ``rule``, ``setup``, ``scope``, ``past``, ``free`` or ``unknown``."""

    met: bool
    new_state: TaskState | None
    part: str


_FREE = RuleDecision(True, None, "free")
_WAITS = RuleDecision(False, None, "rule")
_MET = RuleDecision(True, None, "rule")


def evaluate(ti: TaskInstance, context: DepContext | None = None) -> Verdict:
    """Whether ``ti``'s trigger rule is met, and the state it must take when it never can be.

    Nothing is changed. All rules of Airflow 3.3, mapped upstreams, mapped task groups, indirect setups.
    Source: airflow/ti_deps/deps/trigger_rule_dep.py `TriggerRuleDep` with ``flag_upstream_failed`` (3.3.2).
    """
    context = context or DepContext(ti.run)
    judgement = judge(ti, context)
    return Verdict(judgement.met, judgement.new_state, explain(ti, context, judgement.new_state, judgement.part))


def judge(ti: TaskInstance, context: DepContext) -> RuleDecision:
    """`evaluate` without the sentence, for the scheduling pass."""
    task = ti.task
    if not task.upstream or task.trigger_rule == "always":
        return _FREE
    rule = RULES.get(task.trigger_rule)
    if rule is None:
        return RuleDecision(False, None, "unknown")
    wiring = context.wiring[task.task_id]
    if wiring.simple:
        states = _simple_states(wiring.upstream, context)
        if states is None:
            return _WAITS
        met, new_state = rule(states, ti.map_index)
        return _MET if met and new_state is None else _held(ti, context, met, new_state, "rule")
    setup = _setups(ti, context, wiring.indirect_setups)
    if not setup.met and setup.new_state is not None:
        return setup
    met, new_state = rule(_states(ti, task.upstream, context), ti.map_index)
    direct = _held(ti, context, met, new_state, "rule")
    if direct.met and wiring.scope and not _scope_done(ti, wiring.scope, context):
        return RuleDecision(False, direct.new_state, "scope")
    if direct.new_state is None and not (setup.met and setup.new_state is None):
        return RuleDecision(setup.met and direct.met, setup.new_state, setup.part if direct.met else direct.part)
    return RuleDecision(setup.met and direct.met, direct.new_state, direct.part)


def _held(ti: TaskInstance, context: DepContext, met: bool, new_state: TaskState | None, part: str) -> RuleDecision:
    """Hold a skip back until the past dependencies were met, when the context asks for that."""
    waits = new_state == SKIPPED and context.wait_for_past_depends_before_skipping
    if waits and ti.key not in ti.run.past_depends_met:
        return RuleDecision(False, None, "past")
    return RuleDecision(met, new_state, part)


def _simple_states(upstream: tuple[tuple[tuple[str, int], bool], ...], context: DepContext) -> UpstreamStates | None:
    """Counts when no mapping is near; None when no upstream is finished, which meets no rule."""
    states: dict[str | None, int] = {}
    setups: dict[str | None, int] = {}
    instances = context.run.task_instances
    upstream_setup = 0
    for key, is_setup in upstream:
        found = instances.get(key)
        upstream_setup += is_setup
        if found is not None and found.state in FINISHED:
            states[found.state] = states.get(found.state, 0) + 1
            if is_setup:
                setups[found.state] = setups.get(found.state, 0) + 1
    return UpstreamStates.of(states, setups, len(upstream), upstream_setup) if states else None


def _states(ti: TaskInstance, upstream_ids: tuple[str, ...], context: DepContext) -> UpstreamStates:
    """Counts over the relevant instances; existing rows are counted when an upstream has several, else tasks."""
    states: dict[str | None, int] = {}
    setups: dict[str | None, int] = {}
    tasks = context.run.dag.tasks
    rows = setup_rows = 0
    for task_id in upstream_ids:
        tally = _tally(ti, task_id, context)
        size = sum(tally.values())
        rows += size
        setup_rows += size if tasks[task_id].is_setup else 0
        for state, number in tally.items():
            states[state] = states.get(state, 0) + number
            if tasks[task_id].is_setup:
                setups[state] = setups.get(state, 0) + number
    if not any(tasks[task_id].needs_expansion for task_id in upstream_ids):
        rows, setup_rows = len(upstream_ids), sum(tasks[task_id].is_setup for task_id in upstream_ids)
    return UpstreamStates.of(states, setups, rows, setup_rows)


def _tally(ti: TaskInstance, task_id: str, context: DepContext) -> dict[str | None, int]:
    if not ti.task.groups:
        return context.tally(task_id)
    tally: dict[str | None, int] = {}
    for upstream in context.relevant(ti, task_id):
        tally[upstream.state] = tally.get(upstream.state, 0) + 1
    return tally


def _setups(ti: TaskInstance, context: DepContext, setup_ids: tuple[str, ...]) -> RuleDecision:
    """Indirect setups must succeed; the first failure or skip among them decides without waiting for the others.

    Source: airflow/ti_deps/deps/trigger_rule_dep.py `_evaluate_setup_constraint` (3.3.2).
    """
    if not setup_ids:
        return _MET
    states = _states(ti, setup_ids, context)
    lacking = states.upstream - states.success - (states.removed if ti.map_index > -1 else 0)
    return _held(ti, context, lacking <= 0, required(states, ti.map_index), "setup")


def _scope_done(ti: TaskInstance, scope: tuple[str, ...], context: DepContext) -> bool:
    """Whether all tasks between a teardown's setups and itself are finished."""
    states = _states(ti, scope, context)
    return states.done >= states.upstream
