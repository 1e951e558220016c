"""The type of a connection is told by who names it, and a first world has the service that answers it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.services.registry import service_class, services_of_types
from harness.world import load
from harness.world.scaffold import conn_type_of, scaffold, type_in_id

ANSWERED = services_of_types()


@pytest.mark.parametrize(
    ("by", "conn_type"),
    [
        ("task 'load' (postgres_conn_id)", "postgres"),
        ("PostgresHook()", "postgres"),
        ("S3Hook()", "aws"),
        ("task 'wait' (aws_conn_id, by params)", "aws"),
        ("SlackWebhookNotifier of on_failure_callback (slack_webhook_conn_id)", "slackwebhook"),
        ("SlackHook()", "slack"),
        ("the param 'target.smtp_conn_id'", "smtp"),
        ("HttpHook()", "http"),
        ("task 'x' (gcp_conn_id)", "google_cloud_platform"),
        ("task 'x' (mysql_conn_id)", "mysql"),
        ("task 'x' (kafka_config_id)", "kafka"),
        ("task 'postgres_to_s3' (conn_id)", ""),
        ("task 'x' (template in bash_command)", ""),
        ("BaseHook.get_connection()", ""),
    ],
)
def test_the_type(by: str, conn_type: str) -> None:
    assert conn_type_of(by, ANSWERED) == conn_type


@pytest.mark.parametrize("conn_type", ANSWERED)
def test_each_type_that_a_service_answers_is_proposed_with_it(conn_type: str, tmp_path: Path) -> None:
    told = conn_type_of(f"task 'load' ({conn_type}_conn_id)", ANSWERED)
    file = tmp_path / "world.yaml"
    file.write_text(scaffold({"connections": {"it": [("a place", told)]}}, services=ANSWERED))
    connection = load(file).connections["it"]
    assert connection.service == ANSWERED[conn_type][0]
    first = service_class(connection.service).conn_types[0]
    assert connection.conn_type == conn_type or (first == conn_type and connection.conn_type == connection.service)


@pytest.mark.parametrize(
    ("conn_id", "expected"),
    [("warehouse_postgres", "postgres"), ("MySQL-shop", "mysql"), ("lake_s3", "aws"), ("laws_db", ""), ("crm", "")],
)
def test_a_word_of_an_id_is_a_type_where_nothing_else_tells(conn_id: str, expected: str) -> None:
    assert type_in_id(conn_id, ["postgres", "mysql", "aws"]) == expected
