"""Plans tries out of a world and a past ledger, and keeps book of what neither of them tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.bridge.deciders import short_circuited
from harness.bridge.operators import argument, class_of, class_paths, date_of, roots, try_of
from harness.exploration.outcomes import mapped_over
from harness.kernel import span
from harness.kernel.instant import Microseconds
from harness.ledger.past_tries import PastSlice, PastTries, PastTry
from harness.scheduler.model import FAILED, SKIPPED, Dag, TaskInstance
from harness.simulation.rules_only.plan import (
    FAILS_FOR_GOOD,
    WAITS,
    Emitted,
    PlannedSlice,
    PlannedTry,
    TriggeredRun,
    following,
    lasting,
)
from harness.simulation.rules_only.unknown import Unknown
from harness.world import World
from harness.world.distribution import Distribution, Duration, drawn, observed
from harness.world.entries import Stub
from harness.world.pattern import Subject, speaking

if TYPE_CHECKING:
    from airflow.sdk import DAG


@dataclass(frozen=True, slots=True)
class _Operator:
    """What is asked of an operator again and again.

    Attributes:
        limit: its ``execution_timeout``.
        decides: ``branch``, ``short-circuit``, or None.
        is_mapped_over: another task's number of instances is that of its return value.
        triggers: the Dag that it triggers, where that stands in its Dag file.
    """

    task: Any
    classes: tuple[str, ...]
    limit: Microseconds | None
    decides: str | None
    is_sensor: bool
    is_mapped_over: bool
    pushes: bool
    outlets: tuple[Emitted, ...]
    aliases: tuple[str, ...]
    triggers: str | None


class Plans:
    """Plans tries: what the world says goes before what the ledger tells.

    A run that the ledger has goes as it went there, try by try. Of other runs a task takes the median of how long it
    took, and decides as it did last. What nobody tells is taken as stands in `harness.simulation.rules_only.unknown`.

    Args:
        draws_past: no run goes as it went: how long tasks take is drawn from how long they took, where they succeeded.
    Attributes:
        unknown: what was taken for granted, and of which tasks.
        seed: of what is drawn.
    """

    def __init__(self, world: World, past: PastTries | None, dags: Mapping[str, DAG], draws_past: bool = False) -> None:
        self._world, self._past, self._dags, self._draws_past = world, past, dags, draws_past
        self.seed = 0
        self.unknown = Unknown(past is not None)
        self._operators: dict[tuple[str, str], _Operator] = {}
        self._mapped_over: dict[str, frozenset[str]] = {}
        self._alike: dict[tuple[str, str], PlannedTry] = {}
        self._drawn: dict[tuple[str, str], tuple[PlannedTry, Duration | None]] = {}
        self._patterns_differ = any(mark in text for text in (*world.stubs, *world.durations) for mark in "[@")

    def of(self, ti: TaskInstance) -> PlannedTry:
        """What the present try of a task instance comes to."""
        key = ti.run.dag.dag_id, ti.task.task_id
        planned = self._alike.get(key)
        return self._of_one(ti, key) if planned is None else planned

    def _of_one(self, ti: TaskInstance, key: tuple[str, str]) -> PlannedTry:
        """The try of a task whose tries are not known to be alike; where only their lengths differ, one is drawn."""
        operator = self._operator(ti.run.dag, key)
        known = self._drawn.get(key)
        planned, lasts, are_alike = (*known, False) if known is not None else self._planned(ti, operator, key)
        whole = self._lasting(planned, operator, drawn(lasts, self.seed, try_of(ti)), key)
        if are_alike and isinstance(lasts, Distribution):
            self._drawn[key] = planned, lasts
        elif are_alike:
            self._alike[key] = whole
        return whole

    def _planned(
        self, ti: TaskInstance, operator: _Operator, key: tuple[str, str]
    ) -> tuple[PlannedTry, Duration | None, bool]:
        """The try, how long it is declared to take, and whether all tries of the task's instances are like it."""
        date = date_of(ti.run) if self._patterns_differ else ""
        subject = Subject(*key, ti.map_index, date, operator.classes)
        text = speaking(self._world.stubs, *subject) if self._world.stubs else None
        stub = None if text is None else self._world.stubs[text]
        declared = self._declared(subject)
        tells_tries = self._past is not None and not self._draws_past
        alike = not tells_tries and not self._patterns_differ and (stub is None or not (stub.tries or stub.fails))
        if stub is not None and text is not None and not stub.runs_itself(ti.try_number):
            planned = self._of_stub(ti, operator, stub, text)
            takes = stub.at(ti.try_number).takes
            return planned, declared if takes is None else takes, alike
        if self._past is None:
            return self._by_default(ti, operator), declared, alike
        if self._draws_past:
            planned, observed_then = self._as_drawn(ti, operator, key)
            return planned, observed_then if declared is None else declared, alike
        then = self._past.tries.get((key[0], ti.run.run_id, key[1], ti.map_index), {})
        tried = then.get(ti.try_number)
        if tried is not None and (tried.slices or tried.begins_deferred is not None):
            return self._as_then(tried, operator, ti), declared, False
        return self._as_usual(ti, operator, key), declared, False

    def _declared(self, subject: Subject) -> Duration | None:
        return self._world.duration_of(*subject) if self._world.durations else None

    def _operator(self, dag: Dag, key: tuple[str, str]) -> _Operator:
        known = self._operators.get(key)
        if known is None:
            if key[0] not in self._mapped_over:
                self._mapped_over[key[0]] = mapped_over(dag)
            task = self._dags[key[0]].task_dict[key[1]]
            known = self._operators[key] = _operator(task, key[1] in self._mapped_over[key[0]])
        return known

    # -- how long ----------------------------------------------------------------------------------------------------

    def _lasting(
        self, planned: PlannedTry, operator: _Operator, lasts: Microseconds | None, key: tuple[str, str]
    ) -> PlannedTry:
        """The try with its events, as long as declared; past its ``execution_timeout`` it fails, as in Airflow."""
        if planned.assets is None:
            planned = replace(planned, assets=operator.outlets)
        if lasts is None and all(part.lasts == 0 for part in planned.slices):
            self.unknown.lasts(key)
        if lasts is not None:
            planned = lasting(planned, lasts)
        limit, slices = operator.limit, planned.slices
        if limit is not None:
            late = next((n for n, part in enumerate(slices) if part.lasts > limit), None)
            if late is not None:
                slices = (*slices[:late], PlannedSlice(limit, FAILED))
                planned = replace(planned, decided=None, returns=False, reason=_timeout(limit))
        return planned if slices is planned.slices else replace(planned, slices=slices)

    # -- what the world says -----------------------------------------------------------------------------------------

    def _of_stub(self, ti: TaskInstance, operator: _Operator, stub: Stub, text: str) -> PlannedTry:
        """Source: `harness.bridge.standins.playing.play`, which does it with the task's context."""
        outcome, number = stub.at(ti.try_number), ti.try_number
        if number <= stub.fails and outcome.raises is None:
            ends, reason = FAILED, f"AirflowException: stubbed to fail, try {number} of {stub.fails}"
        elif outcome.raises is not None:
            ends, reason = _ending(outcome.raises)
        elif outcome.state == "failed":
            ends, reason = FAILS_FOR_GOOD, "AirflowFailException: stubbed to fail"
        elif outcome.state == "skipped":
            ends, reason = SKIPPED, "stubbed as skipped"
        elif outcome.follows is not None:
            return replace(self._following(ti, operator, outcome.follows), stood_in=text)
        else:
            if outcome.does is not None:
                self.unknown.task("does", ti)
                return replace(self._by_default(ti, operator), stood_in=text)
            value = outcome.returns
            length = len(value) if isinstance(value, (list, tuple, dict)) else None
            return PlannedTry(returns=value is not None and operator.pushes, length=length, stood_in=text)
        return PlannedTry((PlannedSlice(ends=ends),), returns=False, reason=reason, stood_in=text)

    def _following(self, ti: TaskInstance, operator: _Operator, branches: tuple[str, ...]) -> PlannedTry:
        """Source: `harness.bridge.standins.playing._follow`."""
        if operator.decides == "short-circuit":
            skipped = () if branches else short_circuited(operator.task)
            return PlannedTry(decided={"skipped": skipped} if skipped else None, returns=operator.pushes)
        if operator.decides is None:
            name = operator.classes[0].rpartition(".")[2]
            reason = f"AirflowException: stubbed to follow a branch, but {name} has none"
            return PlannedTry((PlannedSlice(ends=FAILED),), returns=False, reason=reason)
        dag = self._dags[ti.run.dag.dag_id]
        named = [task_id for name in branches for task_id in roots(dag, name)]
        decided = following(ti.run.dag, ti.task, named) if ti.task.downstream else None
        return PlannedTry(decided=decided, returns=operator.pushes, length=len(branches))

    # -- what the ledger tells ---------------------------------------------------------------------------------------

    def _as_then(self, tried: PastTry, operator: _Operator, ti: TaskInstance) -> PlannedTry:
        """A try of a run that the ledger has."""
        typical = self._past.typical(ti.run.dag.dag_id, ti.task.task_id) if self._past is not None else None
        slices = tuple(_slice(one, tried, typical or 0) for one in tried.slices)
        last = slices[-1] if slices else None
        if last is None or (last.ends in WAITS and last.trigger_gives is None):  # the ledger ends before the try
            slices = (*slices, PlannedSlice())
        return PlannedTry(
            slices=slices,
            begins_deferred=tried.begins_deferred,
            decided=tried.decided,
            returns=tried.returned,
            length=tried.length,
            assets=tuple(_emitted(tried, operator)),
            triggered=tuple(self._triggered(tried)),
            reason=tried.reason,
        )

    def _as_usual(self, ti: TaskInstance, operator: _Operator, key: tuple[str, str]) -> PlannedTry:
        """A try that the ledger does not have, of a task that it may have."""
        assert self._past is not None
        latest = self._past.latest.get(key)
        if latest is None:
            return self._by_default(ti, operator)
        if not self._draws_past:
            self.unknown.task("past", ti)
        planned = self._as_then(latest, operator, ti)
        if len(planned.slices) == 1:
            planned = replace(planned, slices=(PlannedSlice(self._past.typical(*key) or 0),))
        again = tuple(TriggeredRun(one.dag_id) for one in planned.triggered)
        return replace(planned, triggered=again, reason=None)

    def _as_drawn(
        self, ti: TaskInstance, operator: _Operator, key: tuple[str, str]
    ) -> tuple[PlannedTry, Distribution | None]:
        """A try of any run, and what its length is drawn from; None where it waits in between, and goes as usual."""
        planned = self._as_usual(ti, operator, key)
        spans = self._past.lasted.get(key) if self._past is not None else None
        return planned, observed(spans) if spans and len(planned.slices) == 1 else None

    def _triggered(self, tried: PastTry) -> Iterator[TriggeredRun]:
        assert self._past is not None
        for dag_id, run_id in tried.triggered:
            dates = self._past.runs.get((dag_id, run_id))
            if dates is not None and dag_id in self._dags:
                yield TriggeredRun(dag_id, run_id, dates.logical_date, dates.run_after, dates.conf)

    # -- what nobody tells -------------------------------------------------------------------------------------------

    def _by_default(self, ti: TaskInstance, operator: _Operator) -> PlannedTry:
        """A try that succeeds at once; see `harness.simulation.rules_only.unknown` for what it decides."""
        if operator.is_sensor:
            self.unknown.task("sensor", ti)
        if operator.decides is not None:
            self.unknown.task(operator.decides, ti)
        triggered: tuple[TriggeredRun, ...] = ()
        if operator.triggers is not None and operator.triggers in self._dags:
            triggered = (TriggeredRun(operator.triggers),)
        decided = None
        if operator.decides == "branch" and ti.task.downstream:
            decided = following(ti.run.dag, ti.task, ti.task.downstream)
        length = 1 if operator.is_mapped_over else None
        if length is not None:
            self.unknown.task("length", ti)
        return PlannedTry(decided=decided, returns=operator.pushes, length=length, triggered=triggered)


def _operator(task: Any, is_mapped_over: bool) -> _Operator:
    classes = class_paths(task)
    names = {path.rpartition(".")[2] for path in classes}
    limit, kind = argument(task, "execution_timeout"), class_of(task)
    decides = "short-circuit" if "ShortCircuitOperator" in names else None
    if decides is None and (hasattr(kind, "do_branch") or hasattr(kind, "skip_all_except")):
        decides = "branch"
    outlets = argument(task, "outlets") or ()
    triggers = argument(task, "trigger_dag_id") if "TriggerDagRunOperator" in names else None
    return _Operator(
        task,
        classes,
        None if limit is None else span(limit),
        decides,
        bool(getattr(task, "_is_sensor", False)),
        is_mapped_over,
        argument(task, "do_xcom_push", True) is not False,
        tuple(Emitted(one.name, one.uri, one.group) for one in outlets if hasattr(one, "uri")),
        tuple(one.name for one in outlets if type(one).__name__ == "AssetAlias"),
        triggers if isinstance(triggers, str) and "{" not in triggers else None,
    )


def _slice(one: PastSlice, tried: PastTry, typical: Microseconds) -> PlannedSlice:
    if one.was_cut_off:
        return PlannedSlice(max(one.lasts + 1, typical))
    ends = FAILED if one.ends == "up_for_retry" else one.ends
    if ends == FAILED and one is tried.slices[-1] and tried.for_good:
        ends = FAILS_FOR_GOOD
    return PlannedSlice(one.lasts, ends, one.waits, one.turn, one.ends_late, one.trigger_gives)


def _emitted(tried: PastTry, operator: _Operator) -> Iterator[Emitted]:
    declared = {(one.name, one.uri): one.group for one in operator.outlets}
    for name, uri, extra in tried.events:
        known = declared.get((name, uri))
        yield Emitted(name, uri, known or "asset", extra, () if known else operator.aliases)


def _ending(raises: str | BaseException | type[BaseException]) -> tuple[str, str]:
    """The end of a slice that raises, and why."""
    if isinstance(raises, str):
        return FAILED, f"AirflowException: {raises}"
    kind = raises if isinstance(raises, type) else type(raises)
    names = {each.__name__ for each in kind.__mro__}
    text = kind.__name__ if isinstance(raises, type) else f"{kind.__name__}: {raises}"
    if "AirflowSkipException" in names:
        return SKIPPED, text
    return (FAILS_FOR_GOOD if "AirflowFailException" in names else FAILED), text


def _timeout(limit: Microseconds) -> str:
    from harness.bridge.patches.around_tasks import timed_out
    from harness.kernel import SECOND

    error = timed_out(limit / SECOND)
    return f"{type(error).__name__}: {error}"
