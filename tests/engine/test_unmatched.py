"""What somebody names and is not there is an error, with the nearest name; a map index in a pattern is one."""

from datetime import datetime, timezone

import pytest
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Asset, AssetAlias, Param, task, task_group

from harness.bridge.loader import ImportFailure
from harness.errors import TaskNotFound, UnmatchedEntry, UsageError
from harness.world import World, load

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def few():
    with DAG("few", schedule="@daily", start_date=START, params={"city": Param("Oslo")}) as dag:

        @task
        def items():
            return [1, 2]

        @task
        def load(x):
            return x

        @task_group
        def inside():
            @task
            def deep():
                return "deep"

            deep()

        load.expand(x=items())
        inside()
        ApprovalOperator(task_id="ask", subject="Go on?")
    return dag


def answered():
    world = World()
    world.answer("few.ask", "Approve")
    return world


@pytest.mark.parametrize(
    ("section", "pattern", "meant"),
    [
        ("stub", "few.laod", "few.load"),
        ("duration", "few.deep", "few.inside.deep"),
        ("stub", "*.itmes", "few.items"),
        ("duration", "fwe.load", "few.load"),
        ("answer", "few.load", None),
        ("stub", "few.items[1]", "few.items"),
        ("stub", "itmes", "items"),
        ("duration", "AprovalOperator", "ApprovalOperator"),
        ("stub", "airflow.providers.standard.operators.ApprovalOperator", None),
        ("stub", "few.laod[1]", "few.load"),
    ],
)
def test_a_pattern_that_matches_nothing(rehearse, few, section, pattern, meant):
    world = answered()
    given = {"stub": {"returns": 1}, "duration": {"value": "5h"}, "answer": {}}[section]
    change = {"stub": world.stub, "duration": world.set_duration, "answer": world.answer}[section]
    change(pattern, *(["Approve"] if section == "answer" else []), **given)
    with pytest.raises(UnmatchedEntry) as told:
        rehearse(few, world)
    assert f"{section} {pattern!r} matches no" in str(told.value)
    assert meant is None or f"did you mean {meant!r}?" in str(told.value)


def test_all_of_them_are_told_at_once_each_where_it_stands(rehearse, few, tmp_path):
    file = tmp_path / "world.yaml"
    file.write_text("stubs:\n  few.laod: {returns: 1}\n  other.load: {returns: 1}\ndurations:\n  few.lod: 5h\n")
    with pytest.raises(UnmatchedEntry) as told:
        rehearse(few, load(file))
    assert "2 entries of the world match nothing" in str(told.value)
    assert "world.yaml:2  stub 'few.laod' matches no task, did you mean 'few.load'?" in str(told.value)
    assert "world.yaml:5" in str(told.value)
    assert "other" not in str(told.value)  # of a Dag that was not loaded: world files are shared


def test_a_pattern_speaks_of_one_instance_of_a_mapped_task(rehearse, few):
    world = answered()
    world.stub("few.load[1]", returns="the second")
    world.stub("*.load[0]", state="skipped")
    world.set_duration("few.load[0]", "5h")
    world.set_duration("few.*", "1h")
    result = rehearse(few, world)
    assert [ti.state for ti in result.tasks("load")] == ["skipped", "success"]
    assert result.task("load", 1).xcom() == "the second"
    hours = [(ti.end_date - ti.start_date).total_seconds() / 3600 for ti in result.tasks("load")]
    assert hours == [5, 1]


def test_an_instance_that_there_was_not_is_a_finding(rehearse, few):
    world = answered()
    world.stub("few.load[2]", returns="the third")
    result = rehearse(few, world)
    assert [(one.check, one.severity) for one in result.findings] == [("unmatched", "error")]
    assert "'few.load' has 2, [0] to [1]" in result.findings[0].message


def test_a_pattern_speaks_of_one_date_and_of_a_class(calendar):
    with DAG("daily", schedule="@daily", start_date=START, catchup=True) as daily:
        BashOperator(task_id="wait", bash_command="echo {{ ds }}") >> task(lambda: "code", task_id="load")()
    world = World()
    world.stub("load@2025-01-02", returns="stood in")
    world.stub("airflow.providers.standard.operators.bash.BashOperator", returns="any day")
    world.stub("BashOperator@2025-01-03", returns="the third")
    world.set_duration("BaseOperator", "1h")
    result = calendar("2025-01-01", "2025-01-03T12:00Z", daily, world=world)
    assert [run.task("load").xcom() for run in result.runs] == ["code", "stood in", "code"]
    assert [run.task("wait").xcom() for run in result.runs] == ["any day", "any day", "the third"]
    assert [(ti.end_date - ti.start_date).total_seconds() for ti in result.runs[0].task_instances] == [3600, 3600]


@pytest.mark.parametrize(("day", "told"), [("05", False), ("02", True)])
def test_a_date_without_a_run_is_a_finding_where_runs_lie_around_it(calendar, tmp_path, day, told):
    with DAG("weekly", schedule="0 0 1,3 * *", start_date=START, catchup=True) as weekly:
        task(lambda: "code", task_id="load")()
    file = tmp_path / "world.yaml"
    file.write_text(f"stubs:\n  load@2025-01-{day}: {{returns: 1}}\n")
    found = calendar("2025-01-01", "2025-01-20", weekly, world=load(file)).findings
    assert [one.line for one in found] == ([2] if told else [])
    by_call = World()
    by_call.stub(f"load@2025-01-{day}", returns=1)
    (finding,) = calendar("2025-01-01", "2025-01-20", weekly, world=by_call).findings
    assert "matches no task instance: 'load' has runs of 2025-01-01T00:00:00Z, 2025-01-03T00" in finding.message


def test_where_a_file_did_not_import_nobody_can_tell(few, tmp_path):
    from harness.simulation import Rehearsal

    rehearsal = Rehearsal()
    rehearsal.folder.dags["few"] = few
    rehearsal.folder.roots.append(tmp_path)
    rehearsal.folder.failures.append(ImportFailure(tmp_path / "broken.py", 1, "SyntaxError", ""))
    world = answered()
    world.stub("other.load", returns=1)
    (doubt,) = rehearsal.run("few", world).findings
    assert (doubt.check, doubt.severity) == ("unmatched", "warning")
    assert "broken.py did not import" in doubt.message
    world.stub("few.laod", returns=1)
    with pytest.raises(UnmatchedEntry, match=r"few\.laod"):
        rehearsal.run("few", world)


def test_tasks_params_and_assets_of_a_run(rehearse, few):
    world = answered()
    for options, said in (
        ({"from_task": ""}, "no task ''"),
        ({"only": ("laod",)}, "did you mean 'load'?"),
        ({"params": {"citty": 1}}, "did you mean 'city'?"),
    ):
        with pytest.raises((TaskNotFound, UsageError)) as told:
            rehearse(few, world, **options)
        assert said in str(told.value)
    with DAG("consumer", schedule=Asset("orders")) as consumer:
        task(lambda: 1, task_id="work")()
    with pytest.raises(UsageError, match="not scheduled on asset 'ordres'"):
        rehearse(consumer, asset_events=(("ordres", "ordres", {}),))
    with DAG("by_alias", schedule=AssetAlias("any")) as by_alias:
        task(lambda: 1, task_id="work")()
    assert rehearse(by_alias, asset_events=(("ordres", "ordres", {}),)).state == "success"


def test_actions_that_meet_nothing(few):
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.simulation.actions import parse_action

    def simulate(*actions, also=few):
        rehearsal = Rehearsal()
        rehearsal.folder.dags |= {dag.dag_id: dag for dag in (few, also)}
        acted = tuple(map(parse_action, actions))
        options = CalendarOptions(parse_date("2025-01-02"), parse_date("2025-01-03"), actions=acted)
        return rehearsal.simulate(options, answered())

    for action, said in (
        ("2025-01-01T23:00Z trigger few", "before the calendar begins"),
        ("2025-01-03T01:00Z trigger few", "after the calendar ends"),
    ):
        with pytest.raises(UsageError, match=said):
            simulate(action)
    with pytest.raises(UsageError, match="comes twice"):
        simulate('2025-01-02T05:00Z trigger few {"a": 1, "a": 2}')
    with DAG("idle", schedule=None) as idle:
        task(lambda: 1, task_id="work")()
    result = simulate("2025-01-02T05:00Z clear idle.work", "2025-01-02T06:00Z clear few", also=idle)
    assert [one.message for one in result.findings if one.check == "action"] == [
        "idle: clear idle.work at 2025-01-02T05:00:00Z did nothing: nothing has run yet"
    ]
