"""Webhooks as a service: a small server in threads of this process for each lease."""

from __future__ import annotations

from typing import Any

from harness.services.base import Lease, Service
from harness.services.installed import see_installed


class WebhookService(Service):
    """A server that keeps the messages it is sent."""

    name = "webhook"
    conn_types = ("slackwebhook", "discord")
    also_types = ("http",)  # whose hook posts to whatever host it has
    takes_unknown_types = True
    drivers = ("embedded",)
    title = "a server that keeps the messages it is sent"

    def start(self) -> None:
        """See that it can serve: each lease has a server of its own. Raises: ServiceUnavailable."""
        see_installed("the service webhook", "http", {"werkzeug": "werkzeug"})

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:  # noqa: ARG002 - it has none
        """A server of its own."""
        from harness.services.webhook.lease import Webhook

        return self.kept(Webhook(conn_id))
