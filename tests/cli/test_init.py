"""A first world file is written from what the Dags name; one that is there is left alone."""

import pytest

from harness.world import load

pytestmark = pytest.mark.gate  # whole processes that parse

DAG = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseHook, BaseOperator, Variable, task

class Load(BaseOperator):
    def __init__(self, postgres_conn_id="postgres_default", **kwargs):
        super().__init__(**kwargs)
        self.postgres_conn_id = postgres_conn_id

with DAG("sales", schedule=None):
    Load(task_id="load", postgres_conn_id="warehouse", pool="etl", pool_slots=20)
    BashOperator(task_id="told", bash_command="echo {{ var.value.region }} {{ conn.crm.host }}")

    @task
    def ask():
        return Variable.get("on"), BaseHook.get_connection("mail-gate").host

    ask()
"""


def test_a_world_file_is_written_and_never_overwritten(project):
    project.write("dags/sales.py", DAG)
    first = project("init")
    assert first.code == 0, first.err
    assert "wrote fixtures/world.yaml: 3 connections, 1 pool, 2 variables" in first.out
    file = project.folder / "fixtures" / "world.yaml"
    world = load(file)
    assert world.pools["etl"].slots == 20
    assert world.connections["warehouse"].service == "postgres"
    assert {"warehouse", "crm", "mail-gate"} == set(world.connections)
    assert world.variables == {"region": "", "on": ""}
    assert "# task 'load', dags/sales.py:11" in file.read_text()
    before = file.read_text()
    assert "names all that the Dags use" in project("init").out
    project.write("dags/more.py", DAG.replace("sales", "more").replace("region", "country"))
    again = project("init")
    assert again.code == 0
    assert "it lacks 1 variable" in again.out
    assert 'country: ""' in again.out
    assert file.read_text() == before


def test_a_file_that_does_not_import_is_told(project):
    project.write("other/broken.py", "from airflow.sdk import DAG\n1 / 0\n")
    told = project("init", "--dags", "other", "--print", "--world", "nowhere.yaml")
    assert told.code == 1
    assert "other/broken.py:2 ZeroDivisionError: division by zero" in told.out
    assert not (project.folder / "nowhere.yaml").exists()


AT_THE_TOP = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseHook, Variable, task
from include.settings import CRM
from include.tell import Tell, told

RETRIES = int(Variable.get("retries"))
COMPANY = Variable.get("company", deserialize_json=True)
HOST = BaseHook.get_connection("at_the_top").host
OPTIONAL = Variable.get("optional", None)
LAKE = "lake"

with DAG(
    "top",
    schedule=Variable.get("when", default=None),
    on_failure_callback=Tell(slack_webhook_conn_id="slack_team"),
    default_args={"on_failure_callback": told, "retries": RETRIES},
    params={"source_conn_id": "source"},
):

    @task
    def ask():
        BaseHook.get_connection(LAKE), BaseHook.get_connection(CRM)
        return [Variable.get(name) for name in ("first_key", "second_key")]

    ask()
"""
TELL = """
from airflow.sdk import BaseNotifier


class Tell(BaseNotifier):
    def __init__(self, slack_webhook_conn_id):
        super().__init__()
        self.slack_webhook_conn_id = slack_webhook_conn_id

    def notify(self, context):
        pass


class MailHook:
    def __init__(self, smtp_conn_id):
        pass


def told(context):
    MailHook(smtp_conn_id="mailer")


def nobody_calls_this():
    MailHook(smtp_conn_id="unused")
"""


def test_all_names_are_found_at_once_and_what_has_a_default_is_left_out(project):
    project.write("top/top.py", AT_THE_TOP)
    project.write("include/settings.py", 'CRM = "crm"\n')
    project.write("include/tell.py", TELL)
    made = project("init", "--dags", "top", "--world", "top.yaml")
    assert made.code == 0, made.out
    file = project.folder / "top.yaml"
    world = load(file)
    assert set(world.connections) == {"at_the_top", "crm", "lake", "mailer", "slack_team", "source"}
    assert world.variables == {"company": "{}", "retries": "1", "first_key": "", "second_key": ""}
    asked = ["check", "top", "--world", "top.yaml", "--no-cache", "--select"]
    assert project(*asked, "connection-missing,variable-missing,import-error").code == 0
    file.write_text("connections: {at_the_top: {conn_type: http}}\nvariables: {company: '{}', retries: '1'}\n")
    told = project(*asked, "connection-missing")
    for name in ("crm", "lake", "mailer", "slack_team", "source"):
        assert f"names connection {name!r}, which does not exist" in told.out
    assert "unused" not in told.out
