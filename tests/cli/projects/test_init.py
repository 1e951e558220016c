"""A first world file is written from what the Dags name; one that is there is left alone."""

import json

import pytest

from harness.world import load
from tests.cli.project import Project

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


FAR = """
from airflow.providers.amazon.aws.operators.s3 import S3ListOperator
from airflow.sdk import DAG, task

with DAG("polyglot", schedule=None):
    S3ListOperator(task_id="listed", bucket="landing", aws_conn_id="lake")
    S3ListOperator(task_id="unnamed", bucket="landing")

    @task.stub(queue="golang")
    def far_away(): ...

    far_away()
"""


def test_tasks_that_cannot_run_here_have_stand_ins_proposed(project):
    project.write("far/polyglot.py", FAR)
    asked = ["init", "--dags", "far", "--world", "far.yaml"]
    assert "wrote far.yaml: 2 connections" in project(*asked).out
    file = project.folder / "far.yaml"
    text = file.read_text()
    assert "# stubs:\n#   \"polyglot.far_away\": {returns: null}    # task 'far_away', far/polyglot.py:1" in text
    assert "; needs a worker of the language it is written in\n" in text
    assert "polyglot.listed" not in text  # the connection that is proposed plays it
    assert "polyglot.unnamed" not in text  # so does the one that it takes by default
    assert [load(file).connections[name].service for name in ("aws_default", "lake")] == ["s3", "s3"]
    assert load(file).stubs == {}
    file.write_text(text.replace("# stubs", "stubs").replace("#   ", "  "))
    assert load(file).stubs["polyglot.far_away"].returns is None
    assert "names all that the Dags use" in project(*asked).out


def test_a_world_names_its_schema_which_is_brought_up_to_date(project):
    project.write("dags/sales.py", DAG)
    made = project("init", "--world", "new/prod.yaml")
    assert "wrote new/prod.schema.json" in made.out
    schema = project.folder / "new/prod.schema.json"
    comment = (project.folder / "new/prod.yaml").read_text().splitlines()[0]
    assert comment == "# yaml-language-server: $schema=prod.schema.json"
    entries = json.loads(schema.read_text())["$defs"]["ConnectionSpec"]["anyOf"]
    services = {one["properties"]["service"]["const"] for one in entries if "service" in one["properties"]}
    assert {"postgres", "smtp"} <= services
    assert "schema" not in project("init", "--world", "new/prod.yaml").out
    schema.write_text("{}")
    assert "wrote new/prod.schema.json" in project("init", "--world", "new/prod.yaml").out
    (project.folder / "plain.yaml").write_text("pools: {etl: 1}\n")
    project("init", "--world", "plain.yaml")
    assert not (project.folder / "plain.schema.json").exists()
    assert "$schema" not in project("init", "--print", "--world", "other.yaml").out


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


class SmtpHook:
    def __init__(self, smtp_conn_id):
        pass


def told(context):
    SmtpHook(smtp_conn_id="mailer")


def nobody_calls_this():
    SmtpHook(smtp_conn_id="unused")
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
    assert [world.connections[name].service for name in ("mailer", "slack_team")] == ["smtp", "webhook"]
    assert world.variables == {"company": "{}", "retries": "1", "first_key": "", "second_key": ""}
    asked = ["check", "top", "--world", "top.yaml", "--no-cache", "--select"]
    assert project(*asked, "connection-missing,variable-missing,import-error").code == 0
    file.write_text("connections: {at_the_top: {conn_type: http}}\nvariables: {company: '{}', retries: '1'}\n")
    told = project(*asked, "connection-missing")
    for name in ("crm", "lake", "mailer", "slack_team", "source"):
        assert f"names connection {name!r}, which does not exist" in told.out
    assert "unused" not in told.out


EXPORTED = """
from airflow.sdk import DAG, Param, BaseOperator, Variable, task

class Load(BaseOperator):
    template_fields = ("crm_conn_id",)

    def __init__(self, crm_conn_id, **kwargs):
        super().__init__(**kwargs)
        self.crm_conn_id = crm_conn_id

params = {"source": Param("crm", type="string"), "load_pool": "etl", "target": {"sink_conn_id": "sink"}}
params["needed"] = Param(type="string")
with DAG("by_params", schedule=None, params=params, tags=[Variable.get("region")]):
    Load(task_id="load", crm_conn_id="{{ params.source }}", pool="wide")
"""


def test_exports_of_airflow_tell_what_there_is_and_no_secret_is_copied(project):
    root = "exported"
    project.write(f"{root}/requirements.txt", "")
    project.write(f"{root}/dags/by_params.py", EXPORTED)
    project.write(
        f"{root}/connections.json",
        '{"crm": {"conn_type": "http", "host": "crm.internal", "login": "me", "password": "s3cr3t-one", "port": 80,'
        ' "extra": "{\\"token\\": \\"s3cr3t-two\\", \\"region\\": \\"eu\\"}"}, "other": {"conn_type": "ssh"}}',
    )
    project.write(f"{root}/config/variables.json", '{"region": "north", "db_password": "s3cr3t-three"}')
    project.write(f"{root}/pools.json", '{"wide": {"slots": 64, "description": "", "include_deferred": true}}')
    folder = project.folder / root
    made = project("init", cwd=folder)
    assert made.code == 0, made.err
    text = (folder / "fixtures/world.yaml").read_text()
    assert "s3cr3t" not in text + made.out + made.err
    world = load(folder / "fixtures/world.yaml")
    crm = world.connections["crm"]
    assert (crm.conn_type, crm.host, crm.login, crm.port, crm.password) == ("http", "crm.internal", "me", 80, None)
    assert crm.extra == '{"region": "eu"}'
    assert set(world.connections) == {"crm", "other", "sink"}
    assert (world.pools["wide"].slots, world.pools["wide"].include_deferred) == (64, True)
    assert set(world.pools) == {"default_pool", "etl", "wide"}
    assert world.variables == {"region": "north", "db_password": "***"}
    assert "(crm_conn_id, by params), dags/by_params.py:14; connections.json" in text
    assert "not copied: password, extra.token" in text
    line = next(one for one in text.splitlines() if one.startswith("# include: "))
    assert line == "# include: [config/variables.json, pools.json, connections.json]"
    (folder / "whole.yaml").write_text(line.removeprefix("# "))
    whole = load(folder / "whole.yaml")
    assert (whole.connections["crm"].password, whole.variables["db_password"]) == ("s3cr3t-one", "s3cr3t-three")
    assert whole.pools["wide"].slots == 64
    assert project("check", "--no-cache", cwd=folder).code == 0
    (folder / "fixtures/world.yaml").write_text("connections: {}\n")
    told = project("check", "--no-cache", cwd=folder)
    assert "the param 'load_pool' names pool 'etl', which does not exist" in told.out
    assert "the param 'target.sink_conn_id' names connection 'sink', which does not exist" in told.out
    assert "'crm'" not in told.out
    assert "'wide'" not in told.out


DEEP = """
import json
from airflow.sdk import DAG, BaseHook, Variable

DEPTH = Variable.get("deep", deserialize_json=True)["k"]["z"]
PART = Variable.get("parts").split(",")[3]
COUNT = int(Variable.get("house_config"))
LOADED = json.loads(Variable.get("text"))["list"][1]
for row in Variable.get("tables", deserialize_json=True):
    row["name"].upper(), row["hours"] + 1
EXTRA = BaseHook.get_connection("crm").extra_dejson["a"]["b"], json.loads(BaseHook.get_connection("erp").extra)["a"]
Variable.get("the_last")
"""
OWN = """
from airflow.sdk import DAG, task
from include.own import own
with DAG("own", schedule=None, default_args={"on_retry_callback": own}):
    @task
    def work(): ...
    work()
"""


def test_one_round_tells_of_all_names_whatever_is_done_to_their_values(project):
    root = "deep"
    project.write(f"{root}/requirements.txt", "")
    project.write(f"{root}/dags/deep.py", DEEP)
    project.write(f"{root}/dags/own.py", OWN)
    project.write(
        f"{root}/include/own.py",
        "from airflow.sdk import Variable\n\ndef own(context):\n    Variable.get('in_a_callback')\n",
    )
    folder = project.folder / root
    without = project("check", "--no-cache", cwd=folder)  # a world: values are stood in for, and no file is blamed
    assert "leaves its process changed" not in without.out
    assert without.code == 0, without.out
    made = project("init", cwd=folder)
    assert made.code == 0, made.err
    world = load(folder / "fixtures/world.yaml")
    assert set(world.connections) == {"crm", "erp"}
    assert world.variables == {
        "deep": '{"k": {"z": "1"}}',
        "parts": "1,1,1,1",
        "house_config": "1",
        "text": '{"list": ["1", "1"]}',
        "tables": '[{"name": "1", "hours": 1}]',
        "the_last": "1",
        "in_a_callback": "",
    }
    (folder / "fixtures/world.yaml").write_text("variables: {}\n")
    told = project("check", "--no-cache", "dags/own.py", cwd=folder)
    assert "names variable 'in_a_callback', which does not exist" in told.out
    assert "include/own.py:4" in told.out


TELLS = """
from airflow.sdk import BaseHook, BaseNotifier, BaseOperator, Variable
from airflow.sdk import Variable as V
from include.deep import through


class Tell(BaseNotifier):
    template_fields = ("text",)

    def __init__(self, text):
        super().__init__()
        self.text = text

    def notify(self, context):
        BaseHook.get_connection("slack_conn")
        self.more()

    def more(self):
        Variable.get("notifier_var")


class Called:
    def __call__(self, context):
        V.get("called_var")


class Load(BaseOperator):
    def execute(self, context):
        return Variable.get("operator_var", deserialize_json=True)


def cb(context):
    context["var"]["value"].get("ctx_var")
    context["var"]["value"].get("ctx_optional", None)
    context["var"]["json"].ctx_json
    context["conn"].get("ctx_conn")


def helper(conn_id="left_out", *, other="other_left_out"):
    through(other)
    return BaseHook.get_connection(conn_id)


def always_given(conn_id="never_used"):
    return BaseHook.get_connection(conn_id)


def kwargs_given(conn_id="never_used_either"):
    return BaseHook.get_connection(conn_id)
"""
USES_THEM = """
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task
from include.tells import Called, Load, Tell, always_given, cb, helper, kwargs_given

with DAG("b", schedule=None, on_success_callback=[Tell("{{ var.json.text_var.a }} {{ conn.text_conn.host }}"), cb]):

    @task(on_failure_callback=Called())
    def work(var=None):
        from airflow.sdk import Variable as VV

        VV.get("aliased_optional", default=None)
        VV.get("aliased")
        var["value"].of_argument
        helper()
        helper("positional", other="by_keyword")
        always_given("given")

    work() >> Load(task_id="load")
    PythonOperator(task_id="old", python_callable=kwargs_given, op_kwargs={"conn_id": "of_task"})
"""


def test_names_of_notifiers_contexts_aliases_and_arguments_are_found(project):
    project.write("told/dags/b.py", USES_THEM)
    project.write("told/requirements.txt", "")
    project.write("told/include/__init__.py", "")
    project.write("told/include/tells.py", TELLS)
    project.write(
        "told/include/deep.py", "from airflow.sdk import BaseHook as H\n\ndef through(name): H.get_connection(name)\n"
    )
    folder = project.folder / "told"
    made = project("init", cwd=folder)
    assert made.code == 0, made.out + made.err
    world = load(folder / "fixtures/world.yaml")
    assert set(world.connections) == {
        *("slack_conn", "text_conn", "ctx_conn", "left_out", "positional", "given", "of_task"),
        *("other_left_out", "by_keyword"),
    }
    assert world.variables == {
        **dict.fromkeys(("notifier_var", "called_var", "ctx_var", "aliased", "of_argument"), ""),
        **dict.fromkeys(("operator_var", "ctx_json", "text_var"), "{}"),
    }
    (folder / "fixtures/world.yaml").write_text("variables: {}\n")
    told = project("check", "--no-cache", "--select", "variable-missing,connection-missing", cwd=folder)
    assert "Variable.get() names variable 'aliased', which does not exist" in told.out
    assert "Tell of on_success_callback (template in text) names connection 'text_conn'" in told.out
    by_two = 1  # of_task: by the task and by its function
    assert told.out.count("which does not exist") == len(world.connections) + len(world.variables) + by_two


INSIDE = """
from airflow.sdk import DAG, task

with DAG("inside", schedule=None):

    @task
    def load():
        from helpers.loading import load_orders
        import helpers.mail as mail
        load_orders("warehouse_of_orders")
        mail.send()
        from json import dumps
        return dumps({})

    load()
"""
HELPERS = {
    "include/helpers/__init__.py": "",
    "include/helpers/loading.py": "from helpers.deeper.store import store\nfrom .again import *\n"
    "def load_orders(conn_id):\n    hook(conn_id)\n    return store()\n"
    "def hook(conn_id):\n    from airflow.sdk import BaseHook\n    return BaseHook.get_connection(conn_id)\n"
    "def never():\n    hook('never_named')\n",
    "include/helpers/again.py": "",
    "include/helpers/deeper/__init__.py": "",
    "include/helpers/deeper/store.py": "def store():\n    from ..mail import account\n    return account()\n",
    "include/helpers/mail.py": "from airflow.sdk import Variable\n"
    "def account():\n    return Variable.get('mail_account')\n"
    "def send():\n    return Variable.get('mail_server')\n",
}


def test_helpers_that_are_imported_inside_functions_are_followed(tmp_path):
    project = Project(tmp_path)
    project.write("dags/inside.py", INSIDE)
    for name, text in HELPERS.items():
        project.write(name, text)
    written = project("init", "--print")
    assert written.code == 0, written.err
    assert "warehouse_of_orders" in written.out
    assert "mail_account" in written.out
    assert "mail_server" in written.out
    assert "never_named" not in written.out
    project.write("fixtures/world.yaml", "connections: {}\nvariables: {mail_server: x}\n")
    found = project("check", "--select", "connection-missing,variable-missing")
    assert found.code == 1
    assert "include/helpers/loading.py:8" in found.out
    assert "include/helpers/mail.py:3" in found.out
    assert "mail_server" not in found.out


BY_DEFAULT = """
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.smtp.operators.smtp import EmailOperator
from airflow.sdk import DAG

with DAG("sales", schedule=None):
    S3KeySensor(task_id="wait", bucket_name="landing", bucket_key="x")
    SQLExecuteQueryOperator(task_id="count", conn_id="snowflake_default", sql="select 1")
    EmailOperator(task_id="tell", to="a@b.c", subject="x", html_content="y")
    EmailOperator(task_id="tell_us", to="a@b.c", subject="x", html_content="y", conn_id="mailer")
"""


def test_what_operators_take_by_default_is_proposed_where_a_service_plays_it(tmp_path):
    project = Project(tmp_path)
    project.write("defaults/sales.py", BY_DEFAULT)
    asked = ("init", "--dags", "defaults", "--world", "defaults.yaml")
    made = project(*asked)
    assert made.code == 0, made.err
    file = project.folder / "defaults.yaml"
    found = {name: (one.conn_type, one.service) for name, one in load(file).connections.items()}
    assert found == {
        "aws_default": ("s3", "s3"),
        "mailer": ("smtp", "smtp"),
        "smtp_default": ("smtp", "smtp"),
        "snowflake_default": ("snowflake", None),
    }
    assert "stubs" not in file.read_text()
    assert "names all that the Dags use" in project(*asked).out
