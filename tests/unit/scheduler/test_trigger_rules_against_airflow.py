"""The trigger rules against the installed Airflow's own ``TriggerRuleDep``, over random upstream states.

No database: the dependency gets the finished instances in its context, and its row counts from a stand-in session.
"""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scheduler_builders import dag, run_of, task, ti

from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.dependencies.past import prev_dagrun
from harness.scheduler.dependencies.trigger_rules import RULES, evaluate
from harness.scheduler.model import FINISHED, DagRun, KnownLength, TaskInstance

airflow_version = pytest.importorskip("airflow.version")
if tuple(map(int, airflow_version.version.split(".")[:2])) < (3, 3):
    pytest.skip("the rules follow Airflow 3.3", allow_module_level=True)

from airflow.ti_deps.dep_context import DepContext as AirflowContext  # noqa: E402
from airflow.ti_deps.deps.prev_dagrun_dep import PrevDagrunDep  # noqa: E402
from airflow.ti_deps.deps.trigger_rule_dep import TriggerRuleDep  # noqa: E402

STATES = ["success", "failed", "skipped", "upstream_failed", "removed", "running", None]


class Tasks(dict[str, "Operator"]):
    """The tasks of a Dag, made when they are asked for: each knows its Dag. Airflow 3.4 looks here."""

    def __init__(self, run: DagRun) -> None:
        super().__init__()
        self._run = run

    def __missing__(self, task_id: str) -> Operator:
        return Operator(self._run, task_id)


class Operator:
    """As much of a serialized operator as the dependencies read."""

    def __init__(self, run: DagRun, task_id: str) -> None:
        self.run, self.ours = run, run.dag.tasks[task_id]
        self.dag = SimpleNamespace(get_task=self.get_task, task_dict=Tasks(run), catchup=run.dag.catchup)
        for name in ("task_id", "is_setup", "is_teardown", "trigger_rule", "depends_on_past", "wait_for_downstream"):
            setattr(self, name, getattr(self.ours, name))
        self.ignore_first_depends_on_past = self.ours.ignore_first_depends_on_past
        self.start_date = self.ours.start_date
        self.upstream_task_ids, self.downstream_task_ids = set(self.ours.upstream), set(self.ours.downstream)
        self.is_mapped = self.ours.is_mapped

    def get_task(self, task_id: str) -> Operator:
        return Operator(self.run, task_id)

    @property
    def upstream_list(self) -> list[Operator]:
        return [self.get_task(name) for name in self.ours.upstream]

    def get_closest_mapped_task_group(self) -> None:
        return None

    def get_needs_expansion(self) -> bool:
        return self.ours.needs_expansion

    def get_upstreams_only_setups(self) -> list[Operator]:
        return [self.get_task(name) for name in self.ours.relevant_setups]

    def get_flat_relative_ids(self, upstream: bool) -> set[str]:
        found: set[str] = set()
        stack = list(self.ours.upstream if upstream else self.ours.downstream)
        while stack:
            one = self.run.dag.tasks[stack.pop()]
            if one.task_id not in found:
                found.add(one.task_id)
                stack += one.upstream if upstream else one.downstream
        return found


class Instance(SimpleNamespace):
    @property
    def region_index(self) -> int:
        """What 3.4 calls the map index: its ``TaskInstance.map_index`` is a synonym of this column."""
        return self.map_index

    def get_dagrun(self, session: object = None) -> object:
        return None

    def set_state(self, state: str, session: object = None) -> bool:
        changed = self.state != state
        self.state = state
        return changed


class Session:
    """Answers the row counts the dependency asks for: of its direct upstreams, indirect setups, scope, in turn."""

    def __init__(self, run: DagRun) -> None:
        self.run = run

    def ids_in(self, statement: Any) -> list[str]:
        values = statement.compile().params.values()
        return next(value for value in values if isinstance(value, list))

    def execute(self, statement: Any) -> Any:
        wanted = self.ids_in(statement)
        counts = Counter(one.task_id for one in self.run.task_instances.values() if one.task_id in wanted)
        rows = list(counts.items())
        return Rows(rows)

    def scalar(self, statement: Any) -> int:
        return sum(number for _, number in self.execute(statement))


class Rows(list):  # type: ignore[type-arg]
    def all(self) -> list[Any]:
        return list(self)


def airflows(run: DagRun, of: TaskInstance) -> tuple[bool, str | None]:
    def instance(one: TaskInstance) -> Instance:
        return Instance(
            task=Operator(run, one.task_id),
            task_id=one.task_id,
            map_index=one.map_index,
            state=one.state,
            dag_id="d",
            run_id="r",
        )

    finished = [instance(one) for one in run.task_instances.values() if one.state in FINISHED]
    context = AirflowContext(flag_upstream_failed=True, finished_tis=finished)
    asked = instance(of)
    statuses = list(TriggerRuleDep()._get_dep_statuses(asked, context, session=Session(run)))
    return all(status.passed for status in statuses), None if asked.state == of.state else str(asked.state)


def ours(of: TaskInstance) -> tuple[bool, str | None]:
    verdict = evaluate(of)
    return verdict.met, verdict.new_state


rules = st.sampled_from([*RULES, "always"])


@settings(max_examples=400, deadline=None)
@given(rule=rules, upstream=st.lists(st.tuples(st.sampled_from(STATES), st.booleans()), max_size=4))
def test_plain_upstreams(rule: str, upstream: list[tuple[str | None, bool]]) -> None:
    names = [f"u{n}" for n in range(len(upstream))]
    tasks = [task(name, is_setup=setup) for name, (_, setup) in zip(names, upstream, strict=True)]
    run = run_of(
        dag(*tasks, task("t", *names, trigger_rule=rule)), {n: s for n, (s, _) in zip(names, upstream, strict=True)}
    )
    assert ours(ti(run, "t")) == airflows(run, ti(run, "t"))


@settings(max_examples=400, deadline=None)
@given(
    rule=rules,
    mapped=st.lists(st.sampled_from(STATES), min_size=1, max_size=4),
    plain=st.sampled_from(STATES),
    size=st.integers(0, 3),
    setup=st.booleans(),
)
@example(rule="all_success", mapped=["removed"], plain="success", size=2, setup=False)
def test_mapped_upstreams(rule: str, mapped: list[str | None], plain: str | None, size: int, setup: bool) -> None:
    made = dag(
        task("m", length=KnownLength(len(mapped))),
        task("p", is_setup=setup),
        task("t", "m", "p", trigger_rule=rule, length=KnownLength(size)),
    )
    run = run_of(made, {("m", index): state for index, state in enumerate(mapped)} | {"p": plain})
    for index in range(size) if size else [-1]:
        assert ours(ti(run, ("t", index))) == airflows(run, ti(run, ("t", index)))


@pytest.mark.skipif(
    tuple(map(int, airflow_version.version.split(".")[:2])) > (3, 3),
    reason="3.4 judges a setup that was removed otherwise: docs/fidelity.md, Versions",
)
@settings(max_examples=400, deadline=None)
@given(rule=rules, data=st.data(), length=st.none() | st.integers(1, 3))
def test_setups_and_teardowns(rule: str, data: st.DataObject, length: int | None) -> None:
    mapping = {} if length is None else {"length": KnownLength(length)}
    made = dag(
        task("s1", is_setup=True, **mapping),
        task("s2", is_setup=True),
        task("x", "s1", "s2"),
        task("work", "x", "s2", trigger_rule=rule, relevant_setups=("s1", "s2")),
        task("more", "work", trigger_rule=rule, relevant_setups=("s1", "s2"), **mapping),
        task("down", "s1", "s2", "more", is_teardown=True, trigger_rule=rule),
    )
    run = run_of(made)
    for one in run.task_instances.values():
        one.state = data.draw(st.sampled_from(STATES))
    for one in run.task_instances.values():
        if one.state not in FINISHED:
            assert ours(one) == airflows(run, one), one


@settings(max_examples=300, deadline=None)
@given(data=st.data(), waits=st.booleans(), ignores=st.booleans(), catchup=st.booleans(), count=st.integers(1, 3))
def test_past_dependencies(data: st.DataObject, waits: bool, ignores: bool, catchup: bool, count: int) -> None:
    made = dag(
        task("t", depends_on_past=True, wait_for_downstream=waits, ignore_first_depends_on_past=ignores),
        task("after", "t"),
        catchup=catchup,
    )
    previous = None
    for number in range(count):
        run = run_of(made, run_id=f"r{number}", logical_date=number + 1, previous=previous)
        run.run_type = data.draw(st.sampled_from(["scheduled", "manual"]))
        for one in list(run.task_instances.values()):
            one.state = data.draw(st.sampled_from(STATES))
            if data.draw(st.booleans()) and number < count - 1:
                del run.task_instances[one.key]
        previous = run
    assert prev_dagrun(ti(run, "t")).met == airflows_past(ti(run, "t"))


def airflows_past(of: TaskInstance) -> bool:
    """Airflow's rule with its queries, which it isolates for tests, answered from our runs."""
    chain: list[DagRun] = []
    run = of.run.previous
    while run is not None:
        chain.append(run)
        run = run.previous

    class Dep(PrevDagrunDep):
        @staticmethod
        def _has_tis(dagrun: DagRun, task_id: str, *, session: object) -> bool:
            return (task_id, -1) in dagrun.task_instances

        @staticmethod
        def _has_any_prior_tis(ti: object, *, session: object) -> bool:
            return any((of.task_id, -1) in one.task_instances for one in chain)

        @staticmethod
        def _count_unsuccessful_tis(dagrun: DagRun, task_id: str, *, session: object) -> int:
            return dagrun.task_instances[task_id, -1].state not in ("success", "skipped")

        @staticmethod
        def _has_unsuccessful_dependants(dagrun: DagRun, task: Operator, *, session: object) -> bool:
            found = [dagrun.task_instances.get((name, -1)) for name in task.downstream_task_ids]
            return any(one is not None and one.state not in ("success", "skipped") for one in found)

    asked = Instance(task=Operator(of.run, of.task_id), task_id=of.task_id, state=of.state)
    asked.get_dagrun = lambda session=None: SimpleNamespace(backfill_id=None, id=1)
    scheduled = next((one for one in chain if one.run_type != "manual"), None)
    with pytest.MonkeyPatch.context() as patch:
        from airflow.models.dagrun import DagRun as AirflowRun

        patch.setattr(AirflowRun, "get_previous_scheduled_dagrun", lambda *_, **__: scheduled)
        patch.setattr(AirflowRun, "get_previous_dagrun", lambda *_, **__: chain[0] if chain else None)
        statuses = list(Dep()._get_dep_statuses(asked, AirflowContext(), session=object()))
    return all(status.passed for status in statuses)


def test_the_context_of_airflows_scheduler_does_not_wait_for_past_depends() -> None:
    assert not AirflowContext().wait_for_past_depends_before_skipping
    assert not DepContext(run_of(dag(task("t")))).wait_for_past_depends_before_skipping
