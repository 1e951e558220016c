"""What is worked out once instead of at every task changes nothing that a task sees, and grows with nothing."""

import cProfile
import gc
import weakref
from datetime import datetime, timezone

import pytest
from airflow.sdk import DAG, get_current_context, task

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def operator(task_id, text, **attributes):
    """An operator with one templated field, which it returns."""
    from airflow.sdk import BaseOperator

    class Says(BaseOperator):
        template_fields = ("text",)

        def __init__(self, text, **kwargs):
            super().__init__(**kwargs)
            self.text = text

        def execute(self, context):
            return self.text

    return Says(task_id=task_id, text=text, **attributes)


def rendered(result, *names):
    return [result.task(name).xcom() for name in names]


@pytest.fixture
def hours():
    """Simulate a Dag that runs every hour, for so many runs, each of which another Dag may follow."""
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal

    def simulate(dag, runs, *followers):
        rehearsal = Rehearsal()
        rehearsal.folder.dags |= {each.dag_id: each for each in (dag, *followers)}
        since = parse_date("2025-01-01")
        result = rehearsal.simulate(CalendarOptions(since, since + (runs * 3600 + 1) * 1_000_000, fresh=True))
        assert result.states == {"success": (runs + 1) * (1 + len(followers))}
        return result

    return simulate


def test_a_template_is_compiled_once_however_many_runs_there_are(hours, monkeypatch):
    from jinja2 import Environment

    compiled = []
    parse = Environment._parse
    monkeypatch.setattr(Environment, "_parse", lambda *args: compiled.append(args[1]) or parse(*args))
    with DAG("templates", schedule="@hourly", start_date=START, catchup=True) as dag:
        operator("one", "test_repeated_work {{ ts }}") >> operator("two", "test_repeated_work {{ ts }}")
        operator("three", "test_repeated_work {{ ds }}")
    result = hours(dag, 2)
    assert sorted(compiled) == ["test_repeated_work {{ ds }}", "test_repeated_work {{ ts }}"]
    assert result.runs[1].task("two").xcom() == "test_repeated_work 2025-01-01T01:00:00+00:00"


def test_filters_of_the_users_are_called_at_every_task(rehearse):
    calls = []
    filters = {"count": lambda text: calls.append(text) or len(calls)}
    with DAG("own", start_date=START, user_defined_filters=filters) as dag:
        operator("one", "{{ 'constant' | count }}") >> operator("two", "{{ 'constant' | count }}")
    assert rendered(rehearse(dag), "one", "two") == ["1", "2"]


def test_environments_of_other_settings_compile_for_themselves(rehearse):
    text, kwargs = "{{ [1] }} {# no #}<< ds >>", {"variable_start_string": "<<", "variable_end_string": ">>"}
    with DAG("plain", start_date=START) as plain:
        operator("t", text)
    with DAG("angles", start_date=START, jinja_environment_kwargs=kwargs) as angles:
        operator("t", text)
    with DAG("native", start_date=START, render_template_as_native_obj=True) as native:
        operator("t", "{{ [1] }}")
    assert rendered(rehearse(plain, logical_date="2025-01-01", manual=True), "t") == ["[1] << ds >>"]
    assert rendered(rehearse(angles, logical_date="2025-01-01", manual=True), "t") == ["{{ [1] }} 2025-01-01"]
    assert rendered(rehearse(native), "t") == [[1]]


def test_what_a_task_does_to_its_environment_of_templates_stays_with_it(rehearse):
    with DAG("meddled", start_date=START) as dag:

        @task
        def meddles(dag):
            dag.get_template_env().filters["left"] = str

        meddles() >> operator("t", "{{ 'behind' | left }}", trigger_rule="all_done")
    assert "No filter named 'left'" in rehearse(dag).task("t").error.message


def test_what_a_task_does_to_its_dag_run_stays_with_it(rehearse):
    with DAG("apart", start_date=START) as dag:

        @task
        def meddles(dag_run, ti):
            dag_run.conf["left"], dag_run.state, ti.hostname = "behind", None, "mine"

        @task
        def looks(dag_run, ti):
            given = dag_run.model_fields_set == set(type(dag_run).model_fields)
            return [dag_run.conf, dag_run.state.value, ti.hostname, given]

        meddles() >> looks()
    assert rehearse(dag, conf={"a": 1}).task("looks").xcom() == [{"a": 1}, "running", "airflow-harness", True]


def test_a_listener_hears_of_every_task(rehearse):
    from airflow.listeners import hookimpl
    from airflow.sdk.execution_time.task_runner import get_listener_manager

    heard = []

    class Listener:
        @hookimpl
        def on_task_instance_success(self, previous_state, task_instance):
            heard.append(task_instance.task_id)

    with DAG("heard", start_date=START) as dag:
        task(lambda: None, task_id="one")() >> task(lambda: None, task_id="two")()
    plugins, listener = get_listener_manager().pm, Listener()
    plugins.register(listener)
    try:
        rehearse(dag)
    finally:
        plugins.unregister(listener)
    assert heard == ["one", "two"]


def test_names_of_secrets_are_those_of_the_masker_now(rehearse):
    with DAG("secrets", start_date=START) as dag:

        @task
        def adds():
            from harness.bridge.masking import _masker

            _masker()._secrets_masker().sensitive_variables_fields.append("barcode")

        @task
        def removes():
            from harness.bridge.masking import _masker

            _masker()._secrets_masker().sensitive_variables_fields.remove("barcode")

        fields = {"barcode": "4711", "password": "4712"}
        show = task(lambda **_: None)
        first, second, third = (show.override(task_id=f"show_{number}")(**fields) for number in range(3))
        first >> adds() >> second >> removes() >> third
    result = rehearse(dag)
    shown = [result.task(f"show_{number}").rendered["op_kwargs"] for number in range(3)]
    assert [one["barcode"] for one in shown] == ["4711", "***", "4711"]
    assert {one["password"] for one in shown} == {"***"}


def test_an_attempt_is_freed_when_it_ends(rehearse):
    left = []
    with DAG("freed", start_date=START) as dag:

        @task
        def works():
            left.append(weakref.ref(get_current_context()["ti"]))

        works() >> task(lambda: [ref() is None for ref in left], task_id="looks")()
    former = gc.get_threshold()
    gc.set_threshold(0)  # the collector does not come by
    try:
        assert rehearse(dag).task("looks").xcom() == [True]
    finally:
        gc.set_threshold(*former)


def test_the_collector_is_patient_meanwhile_and_as_its_owner_had_it_afterwards(rehearse):
    with DAG("collected", start_date=START) as dag:
        task(lambda: list(gc.get_threshold()), task_id="t")()
    former = gc.get_threshold()
    try:
        gc.set_threshold(700, 11, 12)
        assert rehearse(dag).task("t").xcom() == [20_000, 11, 12]
        assert gc.get_threshold() == (700, 11, 12)
        for owners in ((0, 10, 10), (50_000, 10, 10)):
            gc.set_threshold(*owners)
            assert rehearse(dag).task("t").xcom() == list(owners)
    finally:
        gc.set_threshold(*former)


@pytest.mark.parametrize("fed", [False, True])
def test_the_work_for_a_task_instance_does_not_grow_with_their_number(hours, fed):
    """Also where each run emits an asset event, and another Dag's run follows it."""
    from airflow.sdk import Asset

    def calls(runs):
        asset = Asset("flat")
        with DAG("flat", schedule="@hourly", start_date=START, catchup=True) as dag:
            task(lambda: 1, task_id="one", outlets=[asset] if fed else [])()
        with DAG("follows", schedule=[asset], start_date=START) as follows:
            task(lambda: 1, task_id="one")()
        profile = cProfile.Profile()
        profile.enable()
        hours(dag, runs, *([follows] if fed else []))
        profile.disable()
        return sum(entry.callcount for entry in profile.getstats())

    for _ in range(2):  # the first two do what is done once in a process
        calls(6)
    few, more, many = calls(2), calls(6), calls(206)
    assert many - more == pytest.approx(50 * (more - few), rel=0.03)
