"""Which other Dags a run needs, which of their runs it waits for, and which failed with nobody waiting."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from harness.bridge.supervisor.store import RunFacts
from harness.errors import OffSchedule
from harness.scheduler.model import DagRun
from harness.simulation import awaited_dags
from harness.simulation.awaited_dags import awaited_runs, failed_unawaited, needed
from tests.unit.scheduler import scheduler_builders as plain
from tests.unit.scheduler.scheduler_builders import DAY, NOW


class Trigger:
    """An operator that is given the id of another Dag by a template or by mapping."""

    template_fields = ("trigger_dag_id",)


def dag(dag_id: str, *tasks: Any) -> Any:
    tasks_by_id = {getattr(one, "task_id", f"t{number}"): one for number, one in enumerate(tasks)}
    return SimpleNamespace(dag_id=dag_id, fileloc=f"dags/{dag_id}.py", tasks=list(tasks), task_dict=tasks_by_id)


def task(**fields: Any) -> Any:
    return SimpleNamespace(is_mapped=False, **fields)


def mapped(*over: str, **partial: Any) -> Any:
    """A task that is mapped over some arguments, and has others in common."""
    return SimpleNamespace(is_mapped=True, operator_class=Trigger, partial_kwargs=partial, over=over)


def ids(dags: Any) -> list[str]:
    return [one.dag_id for one in dags]


class TestNeeded:
    def folder(self, *tasks: Any) -> dict[str, Any]:
        made = [dag("d", *tasks), dag("e", task(external_dag_id="f")), dag("f"), dag("g")]
        return {one.dag_id: one for one in made}

    @pytest.mark.parametrize(
        ("one", "found"),
        [
            (task(), []),
            (task(trigger_dag_id=None), []),
            (task(trigger_dag_id="g"), ["g"]),
            (task(external_dag_id="e"), ["e", "f"]),
            (task(external_dag_id="d"), []),
            (task(external_dag_id="elsewhere"), []),
            (task(trigger_dag_id="{{ params.dag }}"), ["e", "f", "g"]),
            (task(trigger_dag_id="{% if params.all %}e{% endif %}"), ["e", "f", "g"]),
            (task(trigger_dag_id=["e"]), ["e", "f", "g"]),
            (mapped(), ["e", "f", "g"]),
            (mapped(trigger_dag_id="g"), ["g"]),
        ],
    )
    def test_what_tasks_name_and_what_that_names(self, one: Any, found: list[str]) -> None:
        folder = self.folder(one)
        assert ids(needed(folder["d"], folder)) == found

    def test_one_that_is_named_twice_is_there_once(self) -> None:
        folder = self.folder(task(trigger_dag_id="f"), task(external_dag_id="e"), task(external_dag_id="f"))
        assert ids(needed(folder["d"], folder)) == ["f", "e"]


class TestAwaitedRuns:
    @pytest.fixture(autouse=True)
    def schedules(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every Dag runs daily at midnight, but "manual", which no schedule runs."""

        def scheduled(dag: Any, date: int) -> Any:
            if date % DAY:
                raise OffSchedule("no run then")
            kind = "manual" if dag.dag_id == "manual" else "scheduled"
            return SimpleNamespace(run_type=kind, logical_date=date)

        monkeypatch.setattr(awaited_dags, "scheduled", scheduled)

    def found(self, *tasks: Any, date: int | None = NOW, **others: Any) -> list[tuple[str, int]]:
        folder = {"d": dag("d", *tasks), **{name: dag(name, *given) for name, given in others.items()}}
        plan: Any = SimpleNamespace(logical_date=date)
        return [(one.dag_id, other.logical_date) for one, other in awaited_runs(folder["d"], plan, folder)]

    @pytest.mark.parametrize(
        ("one", "dates"),
        [
            (task(external_dag_id="e"), [NOW]),
            (task(external_dag_id="e", execution_delta=timedelta(days=2)), [NOW - 2 * DAY]),
            (task(external_dag_id="e", execution_delta=timedelta(hours=1)), []),
            (task(external_dag_id="e", execution_date_fn=max), []),
            (task(external_dag_id=None), []),
            (task(external_dag_id="elsewhere"), []),
            (task(), []),
        ],
    )
    def test_of_the_date_that_the_sensor_means(self, one: Any, dates: list[int]) -> None:
        assert self.found(one, e=()) == [("e", date) for date in dates]
        beside = self.found(one, task(external_dag_id="f"), e=(), f=())
        assert beside == [*(("e", date) for date in dates), ("f", NOW)], "another sensor waits all the same"

    def test_a_run_without_a_date_waits_for_none(self) -> None:
        assert self.found(task(external_dag_id="e"), date=None, e=()) == []

    def test_what_they_wait_for_in_turn_each_once(self) -> None:
        found = self.found(
            task(external_dag_id="e"),
            task(external_dag_id="e"),
            task(external_dag_id="g"),
            e=(task(external_dag_id="f", execution_delta=timedelta(days=1)), task(external_dag_id="d")),
            f=(task(external_dag_id="d", execution_delta=timedelta(days=-1)),),
            g=(),
        )
        assert found == [("e", NOW), ("g", NOW), ("f", NOW - DAY)]

    def test_no_run_that_a_schedule_does_not_make(self) -> None:
        assert self.found(task(external_dag_id="manual"), task(external_dag_id="e"), manual=(), e=()) == [("e", NOW)]


class TestFailedWithNobodyWaiting:
    def told(self, *tasks: Any, state: str = "failed", known: bool = True) -> list[Any]:
        parent, child = plain.dag(plain.task("starts")), plain.dag(plain.task("work"))
        child = type(child)("child", child.tasks)
        starter = plain.ti(plain.run_of(parent), "starts")
        run: DagRun = plain.run_of(child, state=state)
        run.extra = RunFacts(dag("child"))
        dags = {"d": dag("d", *tasks)} if known else {}
        return [finding for _, finding in failed_unawaited({run: starter}, dags)]

    @pytest.mark.parametrize(
        "tasks",
        [
            (),
            (task(task_id="starts"),),
            (task(task_id="starts", wait_for_completion=False),),
            (task(task_id="other", wait_for_completion=True),),
            (task(task_id="starts"), task(task_id="sensor", external_dag_id="another")),
        ],
    )
    def test_it_is_an_error_of_that_run(self, tasks: tuple[Any, ...]) -> None:
        (finding,) = self.told(*tasks)
        assert (finding.check, finding.severity, finding.dag_id) == ("triggered-run", "error", "child")
        assert finding.message == "the run that task 'starts' of 'd' started failed, and nobody waits for it"
        assert finding.path == "dags/child.py"

    @pytest.mark.parametrize(
        "tasks",
        [
            (task(task_id="starts", wait_for_completion=True),),
            (task(task_id="starts"), task(task_id="sensor", external_dag_id="child")),
        ],
    )
    def test_who_waits_tells(self, tasks: tuple[Any, ...]) -> None:
        assert self.told(*tasks) == []

    def test_one_that_went_well_needs_nobody(self) -> None:
        assert self.told(state="success") == []

    def test_a_dag_that_nobody_knows_waits_for_nothing(self) -> None:
        assert len(self.told(known=False)) == 1
