"""In a process that stands on production's Airflow, nothing of production is asked or told while a simulation runs."""

import os
import sys
from datetime import datetime, timezone

import pytest

from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
ASKED: list[str] = []


def production(name):
    ASKED.append(name)
    return "production"


@pytest.fixture
def on_production(monkeypatch):
    """Settings as a team's process may have them when our first simulation begins, Airflow long imported."""
    from airflow.secrets import BaseSecretsBackend

    class Vault(BaseSecretsBackend):
        def get_conn_value(self, conn_id, team_name=None):
            return f"http://{production(conn_id)}.example"

        def get_variable(self, key, team_name=None):
            return production(key)

        def get_config(self, key):
            return production(key)

    monkeypatch.setitem(sys.modules, "house_vault", type(sys)("house_vault"))
    sys.modules["house_vault"].Vault = Vault
    for name in ("SECRETS__BACKEND", "WORKERS__SECRETS_BACKEND"):
        monkeypatch.setenv(f"AIRFLOW__{name}", "house_vault.Vault")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY_CMD", "echo production")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_ENGINE_ENCODING_SECRET", "encoding")
    monkeypatch.setenv("AIRFLOW_VAR_V", "production")
    monkeypatch.setenv("AIRFLOW_CONN_C", "http://production.example")
    monkeypatch.delenv("AIRFLOW__CORE__FERNET_KEY", raising=False)
    ASKED.clear()
    return Vault


def sdk():
    from airflow.sdk import BaseHook, Variable

    return [Variable.get("v"), BaseHook.get_connection("c").host]


def models():
    from airflow.models import Variable
    from airflow.models.connection import Connection

    return [Variable.get("v"), Connection.get_connection_from_secrets("c").host]


def search_path_of_core():
    from airflow.configuration import ensure_secrets_loaded

    backends = ensure_secrets_loaded()
    return [next(found for one in backends if (found := one.get_variable("v"))), answer(backends)]


def search_path_of_worker():
    from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded

    backends = ensure_secrets_backend_loaded()
    return [next(found for one in backends if (found := one.get_variable("v"))), answer(backends)]


def listed_at_import():
    from airflow.configuration import secrets_backend_list

    return [next(found for one in secrets_backend_list if (found := one.get_variable("v"))), "world.example"]


def answer(backends):
    return next(found for one in backends if (found := one.get_connection("c"))).host


WAYS = (sdk, models, search_path_of_core, search_path_of_worker, listed_at_import)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_world_alone_answers(rehearse, on_production, way):
    result = rehearse(dag_of(way), world())
    assert result.state == "success", result.task("t").error
    assert result.task("t").xcom() == ["world", "world.example"]
    assert ASKED == []


def test_settings_of_commands_and_backends_are_not_asked_for(rehearse, on_production, monkeypatch):
    from airflow.configuration import conf

    monkeypatch.setattr(conf, "_get_custom_secret_backend", on_production, raising=False)

    def settings():
        from airflow.configuration import conf

        return [conf.get("core", "fernet_key", fallback=""), conf.get("secrets", "backend", fallback="")]

    assert "production" not in str(rehearse(dag_of(settings), world()).task("t").xcom())
    assert ASKED == []


def test_afterwards_production_is_there_again(rehearse, on_production):
    from airflow.configuration import ensure_secrets_loaded

    rehearse(dag_of(sdk), world())
    assert any(isinstance(one, on_production) for one in ensure_secrets_loaded())
    assert os.environ["AIRFLOW__SECRETS__BACKEND"] == "house_vault.Vault"
    assert os.environ["AIRFLOW_VAR_V"] == "production"


def test_the_database_of_the_process_is_refused_also_by_its_engine(rehearse):
    def engine():
        from airflow import settings

        return settings.engine.connect()

    from airflow import settings

    before = settings.engine
    error = rehearse(dag_of(engine)).task("t").error
    assert "Metadatabase" in error.message
    assert settings.engine is before


def test_metrics_go_nowhere(rehearse, monkeypatch):
    from airflow.sdk.execution_time import task_runner

    sent = []

    class Told:
        def __getattr__(self, name):
            return lambda *args, **kwargs: sent.append((name, args))

    stats = getattr(task_runner, "stats", None)
    if stats is not None:
        monkeypatch.setattr(stats, "_backend", Told())
    else:
        from airflow.stats import Stats

        monkeypatch.setattr(Stats, "instance", Told())
        monkeypatch.setattr(Stats, "_instance_pid", os.getpid())
    assert rehearse(dag_of(lambda: 1)).state == "success"
    assert sent == []


def test_spans_are_not_exported(rehearse, monkeypatch):
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry import trace as api

    class Told(trace.SpanProcessor):
        def on_start(self, span, parent_context=None):
            ended.append(span.name)

    ended = []
    provider = trace.TracerProvider()
    provider.add_span_processor(Told())
    monkeypatch.setattr(api, "_TRACER_PROVIDER", provider)

    def traced():
        with provider.get_tracer("mine").start_as_current_span("mine"):
            return 1

    assert rehearse(dag_of(traced)).state == "success"
    assert ended == []
    provider.get_tracer("mine").start_span("after")
    assert ended == ["after"]


def dag_of(body):
    from airflow.sdk import DAG, task

    with DAG("sealed", schedule=None, start_date=START) as dag:
        task(body, task_id="t")()
    return dag


def world():
    made = World()
    made.set_variable("v", "world")
    made.set_connection("c", uri="http://world.example")
    return made
