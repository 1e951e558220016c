"""A server that takes every message: what it answers and what it keeps."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
import requests

from harness.errors import ServiceUnavailable
from harness.services.webhook.lease import Webhook
from harness.services.webhook.service import WebhookService


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    before = set(threading.enumerate())
    service = WebhookService("embedded")
    service.start()
    made = service.lease("", "slack_team", service.options())
    assert isinstance(made, Webhook)
    yield made
    service.close()
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize(
    ("sent", "about"),
    [
        ({"json": {"text": "it failed\nbadly", "blocks": []}}, "it failed"),
        ({"json": {"content": "done"}}, "done"),
        ({"json": {"summary": "", "title": "a card"}}, "a card"),
        ({"json": {"text": ""}}, "12 bytes"),
        ({"json": [1]}, "3 bytes"),
        ({"data": "payload=1"}, "9 bytes"),
        ({}, "0 bytes"),
    ],
)
def test_every_message_is_taken(webhook: Webhook, sent: dict[str, object], about: str) -> None:
    answer = requests.post(f"{webhook.url}/a/secret/path?x=1", timeout=5, **sent)  # type: ignore[arg-type]
    assert (answer.status_code, answer.text) == (200, "ok")
    [message] = webhook.messages
    assert (message.method, message.path) == ("POST", "/a/secret/path")
    assert "json" not in sent or message.json() == sent["json"]
    assert [(one.kind, one.about) for one in webhook.heard()] == [("message", about)]


def test_what_is_no_post_is_no_message(webhook: Webhook) -> None:
    answer = requests.get(webhook.url, timeout=5)
    assert (answer.status_code, answer.reason, webhook.messages) == (405, "POST alone", [])


def test_without_werkzeug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "werkzeug", None)
    with pytest.raises(ServiceUnavailable, match="the service webhook needs werkzeug") as caught:
        WebhookService("embedded").start()
    assert caught.value.fix == 'pip install "airflow-harness[http]"'
