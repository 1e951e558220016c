"""``world.webhook``: messages for Slack, Discord and whoever else has a URL to send them to."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

CHAT = """
from datetime import datetime, timezone

import requests
from airflow.providers.discord.operators.discord_webhook import DiscordWebhookOperator
from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
from airflow.providers.slack.operators.slack_webhook import SlackWebhookOperator
from airflow.sdk import DAG, BaseHook, task

started = SlackWebhookNotifier(slack_webhook_conn_id="slack_team", text="{{ dag.dag_id }} of {{ ds }} failed")

with DAG("chat", schedule=None, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    slack = SlackWebhookOperator(task_id="slack", slack_webhook_conn_id="slack_team", message="{{ ds }} is done")
    discord = DiscordWebhookOperator(task_id="discord", http_conn_id="discord_team", message="hello", username="bot")

    @task
    def teams():
        connection = BaseHook.get_connection("teams")
        requests.post(f"{connection.host}/hook/7", json={"title": "a card"}, timeout=5).raise_for_status()

    slack >> discord >> teams()

with DAG("fails", schedule=None, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), on_failure_callback=started):
    task(lambda: 1 / 0, task_id="divide")()
"""

WORLD = """\
connections:
  slack_team: {service: webhook}
  discord_team: {service: webhook, conn_type: discord}
  teams: {service: webhook, conn_type: msteams}
"""

TESTS = """
def test_messages(run_dag, world):
    assert run_dag("chat", "2025-03-04").ok
    [slack] = world.webhook("slack_team").messages
    assert slack.path == "/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
    assert slack.json()["text"] == "2025-03-04 is done"
    [discord] = world.webhook("discord_team").messages
    assert discord.path == "/webhooks/1/a-token"
    assert (discord.json()["content"], discord.json()["username"]) == ("hello", "bot")
    [card] = world.webhook("teams").messages
    assert (card.path, card.json()) == ("/hook/7", {"title": "a card"})


def test_a_callback_of_the_dag(run_dag, world):
    for day in ("2025-03-04", "2025-03-05"):
        assert run_dag("fails", day).state == "failed"
    assert [message.json()["text"] for message in world.webhook("slack_team").messages] == [
        "fails of 2025-03-04 failed", "fails of 2025-03-05 failed"
    ]
"""


def test_what_is_sent_is_kept(bare: Project):
    bare.write(dags__chat=CHAT, fixtures__world_yaml=WORLD, test_it=TESTS)
    bare.pytest().assert_outcomes(passed=2)
    assert bare.left_behind() == []
