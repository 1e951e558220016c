"""A shell that is set up for production: commands neither ask it anything nor tell it anything."""

import json
import socket

import pytest

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
