"""What a task finds around it: params, the world's answers, no database; and what it leaves."""

from datetime import datetime, timezone

from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def test_params_conf_and_their_validation(rehearse):
    from airflow.sdk import DAG, Param, task

    with DAG("asked", schedule="@daily", start_date=START, params={"n": Param(3, type="integer", minimum=1)}) as dag:

        @task
        def show(params=None, dag_run=None):
            return [params["n"], dict(dag_run.conf)]

        show()
    assert rehearse(dag).task("show").xcom() == [3, {}]
    assert rehearse(dag, params={"n": 7}).task("show").xcom() == [7, {"n": 7}]
    assert rehearse(dag).task("show").xcom() == [3, {}]  # the values of one run do not reach the next
    failed = rehearse(dag, params={"n": 0})
    assert failed.state == "failed"
    assert "n" in failed.task("show").error.message


def test_world_answers_templates_hooks_and_tasks(rehearse):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, BaseHook, Connection, Variable, get_current_context, task

    with DAG("worldly", schedule="@daily", start_date=START) as dag:

        @task
        def ask():
            connection = Connection.get("warehouse")
            Variable.set("mark", "done")
            return {
                "host": connection.host,
                "extra": connection.extra_dejson,
                "hook": BaseHook.get_connection("warehouse").password,
                "variable": Variable.get("limits", deserialize_json=True)["max"],
                "default": Variable.get("absent", default="d"),
                "mark": Variable.get("mark"),
                "dag": get_current_context()["dag"].dag_id,
            }

        echo = "{{ var.value.region }} {{ var.json.limits.max }} {{ conn.warehouse.host }} "
        echo += "{{ ti.xcom_pull('ask')['mark'] }}"
        ask() >> BashOperator(task_id="templates", bash_command="echo '" + echo + "'")
        task(lambda: Connection.get("warehous"), task_id="typo")()
        task(lambda: Variable.get("regio"), task_id="unset")()
    world = World()
    world.set_connection("warehouse", uri="postgresql://me:secret@db.test:5432/dw?sslmode=require")
    world.set_variable("region", "eu")
    world.set_variable("limits", {"max": 3})
    result = rehearse(dag, world)
    assert result.task("ask").xcom() == {
        "host": "db.test", "extra": {"sslmode": "require"}, "hook": "secret", "variable": 3, "default": "d",
        "mark": "done", "dag": "worldly",
    }  # fmt: skip
    assert result.task("templates").xcom() == "eu 3 db.test done"
    typo, unset = result.task("typo").error, result.task("unset").error
    assert "did you mean 'warehouse'" in typo.hint
    assert "test_what_a_task_finds.py" in typo.where
    assert "did you mean 'region'" in unset.hint


def test_metadata_database_is_refused(rehearse):
    from airflow.sdk import DAG, task

    with DAG("orm", schedule="@daily", start_date=START) as dag:

        @task
        def peek():
            from airflow.utils.session import create_session

            with create_session() as session:
                return session.execute("select 1")

        peek()
    error = rehearse(dag).task("peek").error
    assert "Direct database access via the ORM is not allowed" in error.message
    assert "test_what_a_task_finds.py" in error.where
    assert "metadata database" in error.hint


def test_an_xcom_that_cannot_be_serialised(rehearse):
    from airflow.sdk import DAG, task

    with DAG("opaque", schedule="@daily", start_date=START) as dag:
        task(lambda: object(), task_id="push")()
    error = rehearse(dag).task("push").error
    assert error.kind == "TypeError"
    assert "serialisable" in error.hint


def test_external_python_speaks_to_the_supervisor(rehearse):
    import sys

    from airflow.providers.standard.operators.python import ExternalPythonOperator
    from airflow.sdk import DAG

    def ask(day):
        from airflow.sdk import Variable

        print("from the child")
        return [day, Variable.get("region")]

    with DAG("outside", schedule="@daily", start_date=START) as dag:
        ExternalPythonOperator(
            task_id="ask", python=sys.executable, python_callable=ask, op_args=["{{ ds }}"], expect_airflow=True
        )
    world = World()
    world.set_variable("region", "eu")
    result = rehearse(dag, world)
    assert result.task("ask").xcom() == ["2025-01-01", "eu"], result.task("ask").log
    assert "from the child" in result.task("ask").log


def test_long_rendered_fields_are_whole(rehearse):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG

    with DAG("long", schedule="@daily", start_date=START) as dag:
        BashOperator(task_id="t", bash_command="echo " + "x" * 5000 + "{{ ds }}")
    assert rehearse(dag).task("t").rendered["bash_command"].endswith("x2025-01-01")


def test_mail_that_cannot_be_sent_is_a_finding(rehearse):
    from airflow.sdk import DAG, task

    def fails():
        raise ValueError("no")

    with DAG("mails", schedule="@daily", start_date=START, default_args={"email": ["a@b.test"]}) as dag:
        task(fails, task_id="fails", email_on_failure=True)()
    [finding] = rehearse(dag).findings
    assert finding.task_id == "fails"
    assert "e-mail" in finding.message


def test_a_notifier_tells_each_task_and_run_its_own(rehearse):
    from airflow.sdk import DAG, BaseNotifier, task

    told = []

    class Tell(BaseNotifier):
        template_fields = ("text",)

        def __init__(self, text):
            super().__init__()
            self.text = text

        def notify(self, context):
            self.calls = getattr(self, "calls", 0) + 1
            told.append((self.text, self.calls))

    shared = Tell("{{ ti.task_id if ti else dag.dag_id }} at {{ ds }}: {{ reason | default('-') }}")
    callbacks = {"on_execute_callback": shared, "on_success_callback": [shared]}
    with DAG("told", schedule="@daily", start_date=START, default_args=callbacks, on_success_callback=shared) as dag:
        task(lambda: None, task_id="first")() >> task(lambda: None, task_id="second")()
    rehearse(dag, logical_date="2025-01-01")
    assert told[:2] == [("first at 2025-01-01: -", 1), ("first at 2025-01-01: -", 2)]  # one worker, one notifier
    assert told[2:] == [
        ("second at 2025-01-01: -", 1),
        ("second at 2025-01-01: -", 2),
        ("first at 2025-01-01: success", 1),
    ]
    told.clear()
    rehearse(dag, logical_date="2025-01-02")
    assert [text for text, _ in told][::2] == [
        "first at 2025-01-02: -",
        "second at 2025-01-02: -",
        "first at 2025-01-02: success",
    ]
    assert (shared.text[:2], hasattr(shared, "calls")) == ("{{", False)
