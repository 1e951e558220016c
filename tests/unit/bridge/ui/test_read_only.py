"""What the server of a shown ledger hands on to Airflow, what it refuses, and the present that it gives to pages."""

import asyncio
import json
from datetime import datetime, timedelta, timezone

import pytest

from harness.bridge.ui.present import VirtualPresent
from harness.bridge.ui.read_only import NOT_HERE, REFUSED, ReadOnly

PAGE = b"<!doctype html><html><head><title>Airflow</title></head></html>"


async def below(scope, receive, send):
    """The application below: a page."""
    encoded = b"accept-encoding" in dict(scope["headers"])
    headers = [(b"content-type", b"text/html"), (b"x-encoded", str(encoded).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": PAGE[:20], "more_body": True})
    await send({"type": "http.response.body", "body": PAGE[20:]})


def answer(app, method, path, host=b"127.0.0.1:8080", **headers):
    """Status, headers and body of an answer."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    named = [(b"host", host), *((name.replace("_", "-").encode(), value) for name, value in headers.items())]
    asyncio.run(app({"type": "http", "method": method, "path": path, "headers": named}, receive, send))
    body = b"".join(one["body"] for one in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v2/dags/sales/dagRuns"),
        ("POST", "/api/v2/dags/sales/clearTaskInstances"),
        ("PATCH", "/api/v2/dags/sales"),
        ("DELETE", "/api/v2/dags/sales"),
        ("PUT", "/api/v2/parseDagFile/x"),
    ],
)
def test_what_changes_something_is_refused_with_a_word(method, path):
    status, _, body = answer(ReadOnly(below), method, path)
    assert (status, json.loads(body)) == (403, {"detail": REFUSED})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("HEAD", "/"), ("POST", "/api/v2/dags/~/dagRuns/~/taskInstances/list")],
)
def test_what_only_asks_is_handed_on(method, path):
    assert answer(ReadOnly(below), method, path)[0] == 200


@pytest.mark.parametrize(("host", "status"), [(b"localhost", 200), (b"localhost:1", 200), (b"evil.example:80", 403)])
def test_it_answers_to_the_names_of_this_machine_alone(host, status):
    found, _, body = answer(ReadOnly(below), "GET", "/api/v2/dags", host)
    assert found == status
    assert status == 200 or json.loads(body) == {"detail": NOT_HERE}


def test_a_page_begins_with_the_ledgers_present():
    present = datetime(2025, 1, 8, tzinfo=timezone.utc)
    app = VirtualPresent(below, present)
    _, headers, body = answer(app, "GET", "/dags", accept=b"text/html,*/*", accept_encoding=b"gzip")
    assert body.startswith(b"<!doctype html><html><head><script>")
    assert b"1736294400000" in body
    assert headers[b"content-length"] == str(len(body)).encode()
    assert headers[b"x-encoded"] == b"False"


def test_what_is_no_page_stays_as_it_is():
    app = VirtualPresent(below, datetime.now(timezone.utc) - timedelta(days=1))
    assert answer(app, "GET", "/api/v2/dags", accept=b"application/json")[2] == PAGE


def test_a_log_in_a_tab_of_its_own_stays_as_it_is():
    """A browser asks for whatever it opens as for a page."""

    async def log(scope, receive, send):
        headers = [(b"content-type", b"application/x-ndjson")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"a page has a <head>\n", "more_body": True})
        await send({"type": "http.response.body", "body": b"and a body\n"})

    app = VirtualPresent(log, datetime(2025, 1, 8, tzinfo=timezone.utc))
    _, headers, body = answer(app, "GET", "/api/v2/log", accept=b"text/html,*/*")
    assert body == b"a page has a <head>\nand a body\n"
    assert b"content-length" not in headers
