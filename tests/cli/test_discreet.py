"""A shell that is set up for production: commands neither ask it anything nor tell it anything."""

import json
import socket

import pytest

from .project import Project

DAG = """
from airflow.sdk import DAG, BaseHook, Variable, task

with DAG("asks", schedule=None):

    @task
    def one():
        return [Variable.get("v", default="none"), BaseHook.get_connection("c").host]

    one()
"""
VAULT = """
from pathlib import Path

from airflow.secrets import BaseSecretsBackend

Path(__file__).with_name("asked").touch()


class Vault(BaseSecretsBackend):
    def get_conn_value(self, conn_id):
        return "http://production.example"

    def get_variable(self, key, team_name=None):
        return "production"
"""
WORLD = 'connections: {c: {uri: "http://world.example"}}\nvariables: {v: world}\n'


@pytest.fixture(scope="module")
def asks(project):
    project.write("dags/asks.py", DAG)
    project.write("vault/house_vault.py", VAULT)
    project.write("fixtures/world.yaml", WORLD)
    return project


@pytest.fixture
def production(asks):
    """The shell's settings, and the socket to which its metrics go."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("127.0.0.1", 0))
        collector.setblocking(False)
        settings = {
            "SECRETS__BACKEND": "house_vault.Vault",
            "WORKERS__SECRETS_BACKEND": "house_vault.Vault",
            "CORE__FERNET_KEY_CMD": f"touch {asks.folder}/vault/asked",
            "METRICS__STATSD_ON": "True",
            "METRICS__STATSD_HOST": "127.0.0.1",
            "METRICS__STATSD_PORT": str(collector.getsockname()[1]),
            "LOGGING__REMOTE_LOGGING": "True",
            "LOGGING__LOGGING_CONFIG_CLASS": "house_vault.LOGGING",
        }
        given = {f"AIRFLOW__{name}": value for name, value in settings.items()}
        secrets = {"AIRFLOW_VAR_V": "production", "AIRFLOW_CONN_C": "http://production.example"}
        yield {**given, **secrets, "PYTHONPATH": str(asks.folder / "vault")}
        with pytest.raises(BlockingIOError):
            collector.recv(1)
        assert not (asks.folder / "vault" / "asked").exists()


def test_run_asks_and_tells_nobody(asks, production):
    answer = asks("run", "asks", "--json", **production)
    assert answer.code == 0, answer.err
    (ti,) = json.loads(answer.out)["task_instances"]
    assert ti["xcoms"]["return_value"] == ["world", "world.example"]


LEAKS = """
import base64
import os
from urllib.parse import quote

from airflow.sdk import DAG, BaseHook, Variable, task

with DAG("leaks", schedule=None):
    task(lambda: 1, task_id="t")()
c = BaseHook.get_connection("api")
header = base64.b64encode(f"{c.login}:{c.password}".encode()).decode()
os.system("curl -H 'Authorization: Basic %s'" % header)
raise RuntimeError(Variable.get("api_key") + quote(c.password, safe="") + header + os.environ["HOUSE_TOKEN"])
"""
SECRETS = "variables: {api_key: k3y-canary}\nconnections: {api: {uri: 'http://u:p4ss%2Fcanary@h.example'}}\n"


@pytest.mark.gate
def test_check_shows_and_keeps_no_secret(tmp_path):
    project = Project(tmp_path)
    project.write("dags/leaks.py", LEAKS)
    project.write("fixtures/world.yaml", SECRETS)
    project.write(".env", "HOUSE_TOKEN=env-canary-12345\n")
    files = [f"--format={name}=out.{name}" for name in ("text", "junit", "sarif", "github")]
    answer = project("check", "--format=json", *files)
    assert answer.code == 1
    said = {one["check"]: one["message"] for one in json.loads(answer.out)["findings"]}
    assert said["import-error"].count("***") >= 3
    told = [answer.out, answer.err, *(path.read_text() for path in project.folder.glob("out.*"))]
    kept = [path for path in (project.folder / ".airflow_harness_cache").rglob("*") if path.is_file()]
    told += [path.read_text() for path in kept]
    scaffold = project("init", "--print")
    for text in [*told, scaffold.out, scaffold.err]:
        assert "canary" not in text
        assert "dTpwNHNz" not in text  # u:p4ss in base64
    assert kept
    assert {path.stat().st_mode & 0o077 for path in [*kept, kept[0].parent]} == {0}


SHELL = """
import os

from airflow.sdk import DAG, BaseHook, Variable, task

tags = [Variable.get("theirs", "unseen"), os.environ.get("AIRFLOW_VAR_THEIRS", "unset")]
with DAG("shell", schedule=None, tags=tags) as dag:

    @task
    def seen():
        try:
            BaseHook.get_connection("theirs")
        except Exception:
            own = [Variable.get("own"), BaseHook.get_connection("own").host]
            return [*sorted(dag.tags), Variable.get("theirs", "unseen"), *own]

    seen()
if {"unseen", "unset"} != set(dag.tags):
    raise RuntimeError(str(dag.tags))
"""


def test_what_the_shell_declares_no_dag_sees(tmp_path):
    project = Project(tmp_path)
    project.write("dags/shell.py", SHELL)
    project.write(".env", "AIRFLOW_VAR_OWN=ours\nAIRFLOW_CONN_OWN=http://own.example\n")
    project.write("own.yaml", "connections: {own: {from: environment}}\n")
    shell = {"AIRFLOW_VAR_THEIRS": "production", "AIRFLOW_CONN_THEIRS": "http://theirs", "AIRFLOW_VAR_OWN": "ours"}
    checked = project.ask("check", "--no-cache", **shell)
    ran = project("run", "shell", "--json", "--world", "own.yaml", **shell)
    (ti,) = json.loads(ran.out)["task_instances"]
    assert ti["xcoms"]["return_value"] == ["unseen", "unset", "unseen", "ours", "own.example"]
    assert (ran.code, checked.result().code) == (0, 0)
    for answer in (ran, checked.result()):
        assert answer.err.count("of the shell: no Dag sees it") == 1
        assert "AIRFLOW_CONN_THEIRS, AIRFLOW_VAR_OWN, AIRFLOW_VAR_THEIRS" in answer.err
        assert "production" not in answer.err
    assert "of the shell" not in project("check", "--list", **shell).err
