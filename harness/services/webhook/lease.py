"""The messages of one connection."""

from __future__ import annotations

import json
from typing import Any

from harness.results.services import Heard
from harness.services.base import Address
from harness.services.http.lease import OfHttpServer
from harness.services.http.routes import Reply
from harness.services.http.server import HttpRequest, HttpServer

TOKEN = "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
"""Slack's own example of one."""
DISCORD = "webhooks/1/a-token"
_TAKEN = Reply(200, (("Content-Type", "text/plain; charset=utf-8"),), b"ok")
_NOT_TAKEN = Reply(405, (("Content-Type", "text/plain; charset=utf-8"),), b"a webhook takes POST alone", "POST alone")


class Webhook(OfHttpServer):
    """A server that answers ``ok`` to every POST.

    Attributes:
        url: ``http://127.0.0.1:port``.
    """

    def __init__(self, conn_id: str) -> None:
        super().__init__(conn_id, HttpServer(lambda request: _TAKEN if request.method == "POST" else _NOT_TAKEN))
        self.url = self._server.url
        # Slack's hook puts host and password together, Discord's host and the extra's endpoint; both want no port
        # beside a host that is a URL, and who writes a hook of their own asks for the host.
        self.address = Address(
            {
                "conn_type": "slackwebhook",
                "host": self.url,
                "password": TOKEN,
                "extra": json.dumps({"webhook_endpoint": DISCORD}),
            }
        )

    @property
    def messages(self) -> list[HttpRequest]:
        """Every message so far, in the order of arrival: ``path``, ``json()``, ``text``, ``headers``."""
        return [one for one in self._server.answered if one.method == "POST"]

    def heard(self) -> list[Heard]:
        """Each message, by the words of it; without its path, which is a secret of real webhooks."""
        return [Heard("message", _words(request)) for request in self.messages]

    def __repr__(self) -> str:
        return f"<webhook at {self.url}, {len(self.messages)} messages>"


def _words(request: HttpRequest) -> str:
    """What Slack, Discord and Teams show of a message; else how many bytes it has."""
    try:
        body: Any = request.json()
    except ValueError:
        body = None
    found = [body.get(key) for key in ("text", "content", "summary", "title")] if isinstance(body, dict) else []
    words = next((one for one in found if isinstance(one, str) and one), None)
    return f"{len(request.body):,} bytes" if words is None else words.splitlines()[0]
