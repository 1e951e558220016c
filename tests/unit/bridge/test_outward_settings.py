"""Which variables of an environment lead out of a simulation, and who does without them."""

import os
from pathlib import Path

import pytest

from harness.bridge.environment.sandbox import leads_outside
from harness.bridge.reference.home import environment

OUTSIDE = [
    "AIRFLOW__SECRETS__BACKEND",
    "AIRFLOW__SECRETS__BACKEND_KWARG__TOKEN",
    "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARGS",
    "AIRFLOW__TEAM___SECRETS__BACKEND",
    "AIRFLOW__METRICS__STATSD_ON",
    "AIRFLOW__TRACES__OTEL_ON",
    "AIRFLOW__SENTRY__SENTRY_DSN",
    "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER",
    "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD",
    "AIRFLOW__CORE__FERNET_KEY_SECRET",
    "AIRFLOW__OPENLINEAGE__TRANSPORT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "SENTRY_DSN",
]
INSIDE = [
    "AIRFLOW__CORE__DEFAULT_TIMEZONE",
    "AIRFLOW__LOGGING__LOGGING_LEVEL",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL",
    "AIRFLOW_HOME",
    "AIRFLOW_VAR_METRICS",
    "SECRETS",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_it_leads_outside(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert leads_outside(name)
    monkeypatch.setitem(os.environ, name, "x")
    assert name not in environment(tmp_path, tmp_path / "none.db")  # of Airflow itself, in `verify`


@pytest.mark.parametrize("name", INSIDE)
def test_it_does_not(name: str):
    assert not leads_outside(name)
