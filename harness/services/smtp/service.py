"""A mail server as a service: one thread of this process, a port for each lease."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.services.base import Service
from harness.services.installed import see_installed

if TYPE_CHECKING:
    from harness.services.smtp.mailbox import MailServer


class SmtpService(Service):
    """A mail server that keeps what it is sent."""

    name = "smtp"
    conn_types = ("smtp",)
    drivers = ("embedded",)
    title = "a mail server that keeps what it is sent"

    def __init__(self, driver: str) -> None:
        super().__init__(driver)
        self._server: MailServer | None = None

    def start(self) -> None:
        """Start its thread. Raises: ServiceUnavailable: aiosmtpd is not installed."""
        if self._server is None:
            see_installed("the service smtp", "smtp", {"aiosmtpd": "aiosmtpd"})
            from harness.services.smtp.mailbox import MailServer

            self._server = MailServer()

    def lease(self, holder: str, conn_id: str, options: Any) -> Any:  # noqa: ARG002 - it has none
        """A mailbox on a port of its own."""
        from harness.services.smtp.mailbox import Mailbox

        assert self._server is not None
        return self.kept(Mailbox(self._server, conn_id))

    def close(self) -> None:
        """End the thread; mailboxes that are open close with it."""
        super().close()
        server, self._server = self._server, None
        if server is not None:
            server.close()
