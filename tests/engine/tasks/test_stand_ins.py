"""What stands in a task's place, and what Airflow's task runner does around it."""

import json
from datetime import timedelta

import pytest
from airflow.exceptions import AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseOperator, task

from harness.errors import UnmatchedEntry, WorldError
from harness.world import World, load
from tests.engine.exploration.exploration_dags import START
from tests.repo.schemas import faults

HEARD = []


class Submit(BaseOperator):
    """An operator whose own code must not run."""

    template_fields = ("arguments", "cluster")

    def __init__(self, *, arguments, cluster="small", **more):
        super().__init__(**more)
        self.arguments, self.cluster = arguments, cluster

    def pre_execute(self, context):
        raise AssertionError("its own code")

    def execute(self, context):
        raise AssertionError("its own code")

    def post_execute(self, context, result=None):
        raise AssertionError("its own code")

    def on_kill(self):
        raise AssertionError("its own code")


class NightlySubmit(Submit):
    pass


def submitted(context):
    """What a world file names as ``does``."""
    return context["task"].arguments[-1]


@pytest.fixture
def jobs():
    HEARD.clear()

    def hears(what):
        return lambda *given: HEARD.append(what)

    with DAG("jobs", schedule="@daily", start_date=START, default_args={"retry_delay": timedelta(minutes=5)}) as dag:
        sizes = task(lambda: [1, 2], task_id="sizes")()
        submit = NightlySubmit.partial(
            task_id="submit",
            cluster="big-{{ ds }}",
            retries=2,
            pre_execute=hears("pre_execute"),
            post_execute=hears("post_execute"),
            on_execute_callback=hears("on_execute"),
            on_retry_callback=hears("on_retry"),
            on_success_callback=hears("on_success"),
        ).expand(arguments=sizes.map(lambda size: ["--size", size]))
        task(lambda ti=None: ti.xcom_pull("submit", map_indexes=[0, 1]), task_id="read")() << submit
    return dag


def test_the_dag_around_it_is_real(rehearse, jobs):
    world = World()
    world.stub("submit", {"raises": "503"}, {"returns": "done", "xcoms": {"job": "j-1", "size": 3}, "takes": "20m"})
    result = rehearse(jobs, world)
    assert result.state == "success"
    first, second = result.tasks("submit")
    assert [one.state for one in first.attempts] == ["up_for_retry", "success"]
    assert first.attempts[0].reason == "AirflowException: 503"
    assert first.xcoms == {"job": "j-1", "size": 3, "return_value": "done"}
    assert second.end_date - second.start_date == timedelta(minutes=20)
    assert HEARD.count("on_execute") == HEARD.count("pre_execute") == 4
    assert HEARD.count("on_retry") == HEARD.count("on_success") == HEARD.count("post_execute") == 2
    assert result.task("read").xcom() == ["done", "done"]
    assert [one.stood_in for one in result.task_instances] == [None, "submit", "submit", None]
    assert not faults("run", result.to_json())
    assert "(stood in for)" in str(result)


def test_what_it_was_asked_to_do(rehearse, jobs):
    world = World()
    world.stub("NightlySubmit", {"raises": "503"}, {})
    rehearse(jobs, world, logical_date="2025-01-03")
    calls = world.calls("submit")
    assert [(one.map_index, one.try_number) for one in calls] == [(0, 1), (1, 1), (0, 2), (1, 2)]
    assert calls[1].kwargs["arguments"] == ["--size", 2]
    assert calls[1].kwargs["cluster"] == "big-2025-01-03"
    assert calls[1].kwargs["retries"] == 2
    assert calls[1].rendered == {"arguments": ["--size", 2], "cluster": "big-2025-01-03"}
    assert calls[2].at - calls[0].at == timedelta(minutes=5)
    assert str(calls[0].logical_date) == "2025-01-03 00:00:00+00:00"
    assert len(world.calls("jobs.submit[1]")) == len(world.calls("Submit[0]@2025-01-03")) == 2
    assert world.calls("read") == world.calls("submit@2025-01-04") == []
    rehearse(jobs, world, logical_date="2025-01-04")
    assert len(world.calls()) == 8
    assert world.copy().calls() == []


@pytest.mark.parametrize(
    ("typo", "meant"), [("sbumit", "submit"), ("jobs.sbumit", "jobs.submit"), ("NightlySubmti", "NightlySubmit")]
)
def test_calls_of_a_task_that_is_in_no_dag_are_an_error(rehearse, jobs, typo, meant):
    world = World()
    assert world.calls(typo) == []  # nothing was simulated: nobody can tell
    rehearse(jobs, world)
    with pytest.raises(UnmatchedEntry, match=f"call '{typo}' matches no task") as caught:
        world.calls(typo)
    assert f"did you mean '{meant}'" in caught.value.known
    assert world.calls("submit") == []  # it is there, and nothing stood in


def test_a_function_of_the_context(rehearse, jobs, tmp_path):
    def skips_the_second(context):
        if context["ti"].map_index == 1:
            raise AirflowSkipException("not today")
        context["ti"].xcom_push("seen", context["ds"])
        return context["task"].cluster

    world = World()
    world.stub("submit", does=skips_the_second)
    first, second = rehearse(jobs, world, logical_date="2025-01-03").tasks("submit")
    assert (first.xcoms, second.state) == ({"seen": "2025-01-03", "return_value": "big-2025-01-03"}, "skipped")

    file = tmp_path / "world.yaml"
    file.write_text(f"stubs:\n  submit[0]:\n    does: {__name__}.submitted\n  Submit: {{takes: 5m}}\n")
    first, second = rehearse(jobs, load(file)).tasks("submit")
    assert (first.xcom(), second.xcom()) == (1, None)
    assert second.end_date - second.start_date == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"{__name__}.submited", "has no function 'submited'"),
        (f"{__name__}.START", "has no function 'START'"),
        ("tests.nowhere.submitted", "cannot be imported: No module named 'tests.nowhere'"),
    ],
)
def test_a_function_that_is_not_there_is_told_before_anything_runs(rehearse, jobs, tmp_path, path, said):
    file = tmp_path / "world.yaml"
    file.write_text(f"stubs:\n  submit:\n  - {{returns: 1}}\n  - {{does: {path}}}\n")
    with pytest.raises(WorldError) as told:
        rehearse(jobs, load(file))
    assert said in str(told.value)
    assert "world.yaml:2" in str(told.value)


@pytest.mark.parametrize("failure", [AirflowSkipException, AirflowSkipException("as given")])
def test_an_exception_of_ones_own(rehearse, jobs, failure):
    world = World()
    world.stub("submit[0]", raises=failure)
    world.stub("submit[1]", raises=KeyError("quota"))
    first, second = rehearse(jobs, world).tasks("submit")
    assert (first.state, first.stood_in) == ("skipped", "submit[0]")
    assert (second.state, second.try_number, second.error.kind) == ("failed", 3, "KeyError")


def test_the_task_itself_where_a_wider_pattern_stands_in(rehearse):
    with DAG("shell", schedule="@daily", start_date=START) as dag:
        for name in ("one", "two", "three"):
            BashOperator(task_id=name, bash_command=f"echo {name}", retries=1)
    world = World()
    world.stub("BashOperator", returns="stood in")
    world.stub("two", runs=True)
    world.stub("three", {"raises": "503"}, {"runs": True})
    result = rehearse(dag, world)
    assert {ti.task_id: (ti.xcom(), ti.stood_in) for ti in result.task_instances} == {
        "one": ("stood in", "BashOperator"),
        "two": ("two", None),
        "three": ("three", None),
    }
    assert [one.try_number for one in world.calls("three")] == [1]


def test_a_ledger_tells_of_it(rehearse, jobs, tmp_path):
    world = World()
    world.stub("jobs.submit", returns=1)
    rehearse(jobs, world, keep=tmp_path / "kept")
    records = [json.loads(line) for line in (tmp_path / "kept" / "journal.jsonl").read_text().splitlines()]
    told = [record for record in records if record["kind"] == "stood-in"]
    assert [(record["task_id"], record["map_index"], record["pattern"]) for record in told] == [
        ("submit", 0, "jobs.submit"),
        ("submit", 1, "jobs.submit"),
    ]
