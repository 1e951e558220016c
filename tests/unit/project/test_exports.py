"""Exports of Airflow tell which connections, variables and pools there are; their secrets are left where they lie."""

from __future__ import annotations

import json

import pytest
import yaml

from harness.project.exports import exports_of
from harness.project.repository import repository_of

SECRET = "s3cr3t-P4ss"
FIELDS = {
    "conn_type": "postgres",
    "description": "the warehouse",
    "login": "loader",
    "password": SECRET,
    "host": "db.internal",
    "port": 5432,
    "schema": "sales",
    "extra": json.dumps(
        {"sslmode": "require", "keyfile_dict": {"private_key": SECRET}, "url": f"https://u:{SECRET}@x"}
    ),
}
PARTS = {name: FIELDS[name] for name in ("conn_type", "description", "login", "host", "port", "schema")}


def test_connections_as_the_installed_airflow_exports_them(tmp_path):
    command = pytest.importorskip("airflow.cli.commands.connection_command")
    from airflow.models import Connection

    made = Connection(conn_id="warehouse", **FIELDS)
    for form, serialization in ((".json", "json"), (".yaml", "uri"), (".env", "uri"), (".env", "json")):
        file = tmp_path / f"connections{form}"
        file.write_text(command._format_connections([made], form, serialization))
        (told,) = exports_of([tmp_path]).entries
        assert (told.name, told.file) == ("warehouse", file.name)
        shown = {name: told.value[name] for name in PARTS if name in told.value}
        assert shown == {name: value for name, value in PARTS.items() if name in shown}
        assert set(PARTS) - set(shown) <= {"description"}  # a URI has none
        assert told.value["extra"] == {"sslmode": "require"}
        assert {"password", "extra.keyfile_dict", "extra.url"} <= set(told.kept_back)
        assert SECRET not in repr(told)
        file.unlink()


def test_a_uri_of_any_form(tmp_path):
    uris = {
        "plain": "postgresql://me:pw@db:1/s?sslmode=require",
        "token_as_login": "http://abcdef@api.example",
        "nested": "http://https://u:hidden@host",
        "broken": "http://[hidden@x",
    }
    (tmp_path / "connections.yml").write_text(yaml.dump(uris))
    found = exports_of([tmp_path]).names("connections")
    assert found["plain"].value == {
        "conn_type": "postgres", "host": "db", "login": "me", "schema": "s", "port": 1, "extra": {"sslmode": "require"}
    }  # fmt: skip
    assert found["token_as_login"].value == {"conn_type": "http", "host": "api.example"}
    assert found["token_as_login"].kept_back == ("login",)
    assert found["nested"].value == {"conn_type": "http"}
    assert found["broken"].value == {"conn_type": "generic"}


def test_variables_keep_their_values_but_for_secrets(tmp_path):
    given = {
        "region": "north",
        "retries": 3,
        "api_token": "abc",
        "service": {"url": "https://x", "password": SECRET, "sizes": [1, 2]},
        "described": {"value": "yes", "description": "why"},
        "dsn_like": f"postgres://u:{SECRET}@db/x",
        "aws": "AKIAABCDEFGHIJKLMNOP",
        "chance": "dapi8f3a9c1e7b2d4f6a8c0e1b3d",
        "bucket": "s3://company-landing-zone-production/2025/sales",
    }
    (tmp_path / "variables.json").write_text(json.dumps(given))
    found = exports_of([tmp_path])
    values = {name: told.value for name, told in found.names("variables").items()}
    assert values == {
        "region": "north",
        "retries": 3,
        "api_token": None,
        "service": {"url": "https://x", "password": "***", "sizes": [1, 2]},
        "described": "yes",
        "dsn_like": None,
        "aws": None,
        "chance": None,
        "bucket": given["bucket"],
    }
    assert SECRET not in repr(found)
    assert found.variables["retries"] == "3"
    assert found.variables["service"] is None


def test_where_they_lie_and_which_goes_before(tmp_path):
    project = tmp_path / "team"
    for place, slots in (("", 1), ("team", 2), ("team/config", 3), ("team/dags", 4), ("team/.hidden", 5)):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / "pools.json").write_text(
            json.dumps({"etl": {"slots": slots, "description": ""}, f"p{slots}": {"slots": 1, "description": ""}})
        )
    (tmp_path / ".git").mkdir()
    (project / "dags" / "a.py").write_text("")
    (project / ".env").write_text("")
    found = repository_of(project / "dags")
    assert found.pools == {"etl": 2, "p1": 1, "p2": 1, "p3": 1}
    assert found.exports.names("pools")["p3"].file == "config/pools.json"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("connections.json", '{"max": 3}'),
        ("pools.json", '{"workers": ["a"]}'),
        ("connections.json", '["a"]'),
        ("connection_test.py", "x = 1"),
        ("variables.json", ""),
    ],
)
def test_what_only_has_the_name_is_something_else(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert exports_of([tmp_path]) == exports_of([])


def test_one_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "prod_variables.json").write_text("{")
    (told,) = exports_of([tmp_path]).unread
    assert told.startswith("prod_variables.json cannot be read as an export of variables: ")


def test_astros_own_file_tells_the_same_and_its_values_count(tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "airflow_settings.yaml").write_text(
        f"""
airflow:
  connections:
    - {{conn_id: crm, conn_type: http, conn_host: crm.internal, conn_login: me, conn_password: {SECRET}, conn_port: 80}}
  variables: [{{variable_name: api_token, variable_value: local}}]
  pools: [{{pool_name: etl, pool_slot: 3}}]
"""
    )
    found = repository_of(tmp_path / "dags")
    value = {"conn_type": "http", "host": "crm.internal", "login": "me", "port": 80}
    assert found.exports.names("connections")["crm"].value == value
    assert found.exports.names("variables")["api_token"].value is None
    assert found.values == {"api_token": "local"}
    assert SECRET not in repr(found)
