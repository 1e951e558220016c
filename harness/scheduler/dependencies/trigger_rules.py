"""The trigger rules: whether a task instance's upstreams let it run, or decide its state.

First the rules themselves, each a function of how many upstream instances are in which state; then the counting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.dependencies.verdict import Verdict, explain
from harness.scheduler.model import (
    FAILED,
    FINISHED,
    REMOVED,
    SKIPPED,
    SUCCESS,
    UPSTREAM_FAILED,
    TaskInstance,
    TaskState,
)

Ruling = tuple[bool, "TaskState | None"]
"""(the rule is met, the state the instance must take or None)."""


@dataclass(slots=True)
class UpstreamStates:
    """Counts of finished upstream instances by state, of all of them, and of setups among them.

    Source: airflow/ti_deps/deps/trigger_rule_dep.py `_UpstreamTIStates` (3.3.2).
    """

    success: int
    skipped: int
    failed: int
    upstream_failed: int
    removed: int
    success_setup: int
    skipped_setup: int
    upstream: int
    upstream_setup: int

    @classmethod
    def of(
        cls,
        states: Mapping[str | None, int],
        setups: Mapping[str | None, int],
        upstream: int,
        upstream_setup: int,
    ) -> UpstreamStates:
        """From counts by state of all relevant upstreams and of the setups among them."""
        return cls(
            states.get(SUCCESS, 0),
            states.get(SKIPPED, 0),
            states.get(FAILED, 0),
            states.get(UPSTREAM_FAILED, 0),
            states.get(REMOVED, 0),
            setups.get(SUCCESS, 0),
            setups.get(SKIPPED, 0),
            upstream,
            upstream_setup,
        )

    @property
    def failures(self) -> int:
        return self.failed + self.upstream_failed

    @property
    def done(self) -> int:
        return self.success + self.skipped + self.failed + self.upstream_failed + self.removed

    @property
    def all_done(self) -> bool:
        return self.done >= self.upstream


def required(s: UpstreamStates, map_index: int) -> TaskState | None:
    """The state that an upstream whose success is required imposes (``all_success``, indirect setups)."""
    if s.failures:
        return UPSTREAM_FAILED
    if s.skipped:
        return SKIPPED
    return REMOVED if s.removed and s.success and map_index > -1 and map_index >= s.success else None


def _all_success(s: UpstreamStates, map_index: int) -> Ruling:
    return s.upstream - s.success - s.removed <= 0, required(s, map_index)


def _all_failed(s: UpstreamStates, _: int) -> Ruling:
    return s.upstream - s.failures - s.removed <= 0, SKIPPED if s.success or s.skipped else None


def _all_done(s: UpstreamStates, _: int) -> Ruling:
    return s.all_done, None


def _all_done_min_one_success(s: UpstreamStates, _: int) -> Ruling:
    if s.skipped:
        return False, SKIPPED
    if s.all_done and not s.success:
        return False, UPSTREAM_FAILED
    return s.success + s.failures >= s.upstream - s.removed and s.success > 0, None


def _all_done_setup_success(s: UpstreamStates, _: int) -> Ruling:
    if not s.all_done:
        return False, None
    if not s.upstream_setup:
        return True, None
    if s.skipped_setup >= s.upstream_setup:
        return s.success_setup > 0, SKIPPED
    return s.success_setup > 0, None if s.success_setup else UPSTREAM_FAILED


def _one_success(s: UpstreamStates, _: int) -> Ruling:
    if s.success:
        # All skipped while some succeeded cannot be: ``done`` would exceed ``skipped``.
        return True, None
    if not s.all_done:
        return False, None
    return False, SKIPPED if s.done == s.skipped else UPSTREAM_FAILED


def _one_failed(s: UpstreamStates, _: int) -> Ruling:
    met = s.failures > 0
    return met, SKIPPED if s.all_done and not met else None


def _one_done(s: UpstreamStates, _: int) -> Ruling:
    met = s.success + s.failed > 0
    return met, SKIPPED if s.all_done and not met else None


def _none_failed(s: UpstreamStates, _: int) -> Ruling:
    return s.upstream - s.success - s.skipped - s.removed <= 0, UPSTREAM_FAILED if s.failures else None


def _none_failed_min_one_success(s: UpstreamStates, _: int) -> Ruling:
    met = s.upstream - s.success - s.skipped - s.removed <= 0 and s.success > 0
    if s.failures:
        return met, UPSTREAM_FAILED
    if s.skipped == s.upstream:
        return met, SKIPPED
    # Until 3.1.8 an upstream that was all removed or skipped let the task run.
    return met, UPSTREAM_FAILED if s.all_done and not s.success else None


def _none_skipped(s: UpstreamStates, _: int) -> Ruling:
    return s.all_done and not s.skipped, SKIPPED if s.skipped else None


def _all_skipped(s: UpstreamStates, _: int) -> Ruling:
    return s.upstream - s.skipped <= 0, SKIPPED if s.success or s.failures else None


RULES: Mapping[str, Callable[[UpstreamStates, int], Ruling]] = {
    "all_success": _all_success,
    "all_failed": _all_failed,
    "all_done": _all_done,
    "all_done_min_one_success": _all_done_min_one_success,
    "all_done_setup_success": _all_done_setup_success,
    "one_success": _one_success,
    "one_failed": _one_failed,
    "one_done": _one_done,
    "none_failed": _none_failed,
    "none_failed_min_one_success": _none_failed_min_one_success,
    "none_skipped": _none_skipped,
    "all_skipped": _all_skipped,
}
"""By trigger rule; ``always`` never gets this far. Arguments: the counts and the instance's map index.

Source: airflow/ti_deps/deps/trigger_rule_dep.py `_evaluate_direct_relatives` (3.3.2). Up to 3.2.2
removed upstreams are forgiven to mapped instances only; until 3.1.8 `none_failed_min_one_success` needs no success.
"""


MET_BY_SUCCESS = frozenset(RULES) - {"all_failed", "one_failed", "all_skipped"}
"""Rules that are met, and impose no state, where all upstreams have succeeded."""


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
        if task.trigger_rule in MET_BY_SUCCESS and _all_succeeded(wiring.upstream, context):
            return _MET
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


def _all_succeeded(upstream: tuple[tuple[tuple[str, int], bool], ...], context: DepContext) -> bool:
    """Whether all upstreams have succeeded, when no mapping is near: mostly so, and told without counting."""
    get = context.run.task_instances.get
    for key, _ in upstream:
        found = get(key)
        if found is None or found.state != SUCCESS:
            return False
    return True


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
