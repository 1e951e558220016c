"""All dependencies of one task instance, as the scheduler asks them."""

from __future__ import annotations

from typing import NamedTuple

from harness.kernel.instant import Instant, iso
from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.dependencies.past import prev_dagrun
from harness.scheduler.dependencies.skips import previously_skipped
from harness.scheduler.dependencies.trigger_rules import evaluate, judge
from harness.scheduler.dependencies.verdict import Verdict, explain, listed
from harness.scheduler.model import (
    FAILED_STATES,
    FINISHED,
    SKIPPED,
    SUCCESS,
    UP_FOR_RESCHEDULE,
    UP_FOR_RETRY,
    UPSTREAM_FAILED,
    TaskInstance,
    TaskState,
)

WAITING = frozenset({UP_FOR_RETRY, UP_FOR_RESCHEDULE})
_UNSUCCESSFUL = FINISHED - {SUCCESS}


class Standing(NamedTuple):
    """What the dependencies make of an instance.

    Attributes:
        reason: of ``new_state``, None without one.
        flagged: a dependency that Airflow has report its changes imposed a state; a previous skip does not.
    """

    met: bool
    new_state: TaskState | None
    reason: str | None
    flagged: bool


_UNMET = Standing(False, None, None, False)
_MET = Standing(True, None, None, False)


def standing(ti: TaskInstance, context: DepContext) -> Standing:
    """Ask every dependency but the retry and reschedule periods; none is left out after another failed.

    Airflow keeps its dependencies in a set, so which state wins when two impose one is not defined there. Here
    the order is: trigger rule, previously skipped, mapped upstreams.
    Source: airflow/serialization/definitions/baseoperator.py `DEFAULT_OPERATOR_DEPS`,
    airflow/models/taskinstance.py `are_dependencies_met` (3.3.2). Task start and end dates are no dependency
    of the scheduler: they decide whether the instance is created.
    """
    met, new_state, part = judge(ti, context)
    flagged = new_state is not None
    reason = None if new_state is None else explain(ti, context, new_state, part)
    if ti.task.depends_on_past and met:
        met = prev_dagrun(ti).met
    wiring = context.wiring[ti.task_id]
    if wiring.skippers:
        skip = previously_skipped(ti, context)
        met = met and skip.met
        if skip.new_state is not None:
            new_state, reason = skip.new_state, skip.reason
    if wiring.mapped_dependencies:
        mapped = mapped_upstream(ti, context, new_state)
        met = met and mapped.met
        if mapped.new_state is not None:
            new_state, reason, flagged = mapped.new_state, mapped.reason, True
    if new_state is not None:
        return Standing(met, new_state, reason, flagged)
    return _MET if met else _UNMET


def is_waiting(ti: TaskInstance, now: Instant) -> bool:
    """Whether a retry or a reschedule of ``ti`` is not due yet; at ``due`` itself it is.

    Source: airflow/ti_deps/deps/not_in_retry_period_dep.py, ready_to_reschedule.py (3.3.2; a retry is due
    strictly after its instant there, at the next loop here).
    """
    return ti.due is not None and ti.due > now and ti.state in WAITING


def mapped_upstream(ti: TaskInstance, context: DepContext, new_state: TaskState | None = None) -> Verdict:
    """Whether the tasks whose values an expansion needs succeeded, as far as they are not expanded themselves.

    Unlike the trigger rule it sees also the states imposed earlier in the same pass.

    Args:
        new_state: what another dependency already imposes on ``ti``.
    Source: airflow/ti_deps/deps/mapped_task_upstream_dep.py `MappedTaskUpstreamDep` (3.3.2).
    """
    get = context.run.task_instances.get
    found = [get((name, -1)) for name in context.wiring[ti.task_id].mapped_dependencies]
    bad = [one for one in found if one is not None and context.imposed.get(one.key, one.state) in _UNSUCCESSFUL]
    if not bad:
        return Verdict(True, None, "nothing it maps over failed")
    states = {context.imposed.get(one.key, one.state) for one in bad}
    reason = f"maps over {listed(bad, context.imposed)}"
    if (new_state or ti.state) in FAILED_STATES:
        return Verdict(False, None, reason)
    if states & FAILED_STATES:
        return Verdict(False, UPSTREAM_FAILED, reason)
    return Verdict(False, SKIPPED if SKIPPED in states else None, reason)


def failed_dependencies(ti: TaskInstance, now: Instant) -> list[str]:
    """Why ``ti`` cannot be scheduled at ``now``: a sentence for each dependency that is not met; changes nothing.

    Source: airflow/models/taskinstance.py `get_failed_dep_statuses` (3.3.2).
    """
    context = DepContext(ti.run)
    verdicts = [evaluate(ti, context), prev_dagrun(ti), previously_skipped(ti, context)]
    if context.wiring[ti.task_id].mapped_dependencies:
        verdicts.append(mapped_upstream(ti, context))
    reasons = [verdict.reason for verdict in verdicts if not verdict.met]
    if is_waiting(ti, now) and ti.due is not None:
        reasons.append(f"{ti.state} until {iso(ti.due)}")
    return reasons
