"""Mailboxes that take every mail for anybody, served by aiosmtpd in a thread of ours."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Coroutine
from datetime import datetime, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, TypeVar
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from harness.results.services import Heard
from harness.services.base import Address, Lease
from harness.services.certificate import self_signed
from harness.services.connections import begun, kept_port

HOST = "127.0.0.1"
LOGIN, PASSWORD = "airflow", "any-password-will-do"
"""What a connection says; the server lets in whoever says anything, and whoever says nothing."""
FROM = "airflow@example.com"
"""Airflow's hook refuses to send for a connection without a sender."""

_LOG = logging.getLogger("mail.log")
"""Of aiosmtpd."""

_Value = TypeVar("_Value")


class Mail(EmailMessage):
    """A mail as it arrived: ``mail["subject"]``, ``iter_attachments()``, all that ``EmailMessage`` has.

    Attributes:
        sender: of the envelope.
        recipients: of the envelope: To, Cc and Bcc alike.
        at: when it came, in the run's time.
    """

    sender: str = ""
    recipients: tuple[str, ...] = ()
    at: datetime = datetime.min.replace(tzinfo=timezone.utc)

    @property
    def body(self) -> str:
        """Its text: the HTML where there is some, else what is plain; empty for a mail without."""
        part = self.get_body(preferencelist=("html", "plain"))
        return "" if part is None else str(part.get_content())

    @property
    def line(self) -> str:
        """It in one line: ``to a@example.com: it failed``."""
        return f"to {', '.join(self.recipients)}: {self['subject'] or '(no subject)'}"

    def __repr__(self) -> str:
        return f"<Mail {self.line}>"


class _Incoming:
    """What aiosmtpd gives the mails of a mailbox to.

    Attributes:
        fails: it takes none for now, and asks to try later.
    """

    def __init__(self, mails: list[Mail]) -> None:
        self._mails, self.fails = mails, False

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """A mail is here; the sender goes on once it is kept."""
        if self.fails:
            return "451 a fault of the world: try again later"
        content = envelope.content
        assert isinstance(content, bytes)
        mail: Mail = message_from_bytes(content, _class=Mail, policy=policy.default)  # type: ignore[assignment]
        mail.sender, mail.recipients = envelope.mail_from or "", tuple(envelope.rcpt_tos)
        mail.at = datetime.now(timezone.utc)
        self._mails.append(mail)
        return "250 OK"


class MailServer:
    """A thread in which an event loop serves the ports of mailboxes. It may be made outside a simulation only.

    Attributes:
        tls: for ``STARTTLS``, which who wants it may have; nobody signed its certificate.
        loop: that runs in the thread.
    """

    def __init__(self) -> None:
        self.tls = self_signed()
        self.loop = asyncio.SelectorEventLoop()  # not the policy's: a simulation's would be on virtual time
        # It has a line of INFO for each command of the protocol, which tasks' logs would get.
        self._was_disabled, _LOG.disabled = _LOG.disabled, True
        self._thread = threading.Thread(target=self.loop.run_forever, name="airflow-harness-smtp", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, _Value]) -> _Value:
        """What a coroutine returns, run in the thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def close(self) -> None:
        """End the thread; the mailboxes have ended before."""
        self.call(self._cut())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
        _LOG.disabled = self._was_disabled

    async def _cut(self) -> None:
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Mailbox(Lease):
    """What was sent through one connection."""

    faults = ("errors",)

    def __init__(self, server: MailServer, conn_id: str) -> None:
        self.conn_id, self._server = conn_id, server
        self._mails: list[Mail] = []
        self._incoming = _Incoming(self._mails)
        self._protocols: WeakSet[SMTP] = WeakSet()
        self._listener: asyncio.Server | None = server.call(self._listen(kept_port((HOST, 0))))
        self._kept: socket.socket | None = None
        port: int = self._listener.sockets[0].getsockname()[1]
        self.host, self.port = HOST, port
        self.address = Address(
            {
                "conn_type": "smtp",
                "host": HOST,
                "port": port,
                "login": LOGIN,
                "password": PASSWORD,
                "extra": json.dumps({"disable_ssl": True, "disable_tls": True, "from_email": FROM}),
            },
            env={
                # Of ``airflow.utils.email``, which asks the connection for nothing but the login.
                "AIRFLOW__SMTP__SMTP_HOST": HOST,
                "AIRFLOW__SMTP__SMTP_PORT": str(port),
                "AIRFLOW__SMTP__SMTP_STARTTLS": "False",
                "AIRFLOW__SMTP__SMTP_SSL": "False",
            },
        )

    @property
    def outbox(self) -> list[Mail]:
        """Every mail so far, in the order of arrival."""
        return list(self._mails)

    @property
    def peer(self) -> str:
        """Its port."""
        return f"{self.host}:{self.port}"

    def cut(self) -> None:
        """Break every connection to it."""
        self._server.call(self._abort())

    def refuse(self) -> None:
        """Break every connection to it, and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self._server.call(self._close(listener))
            self._kept = kept_port((self.host, self.port))

    def accept(self) -> None:
        """Take connections again."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self._listener = self._server.call(self._listen(kept))

    def fails(self, how: str | None) -> None:
        """Take no mail."""
        self._incoming.fails = how is not None

    def heard(self) -> list[Heard]:
        """Each mail."""
        return [Heard("mail", mail.line) for mail in self._mails]

    def end(self) -> None:
        """Close the port and the connections to it."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self._server.call(self._close(listener))
        if self._kept is not None:
            self._kept.close()

    def __repr__(self) -> str:
        return f"<mailbox at {self.host}:{self.port}, {len(self._mails)} mails>"

    async def _listen(self, at: socket.socket) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(self._protocol, sock=at)

    def _protocol(self) -> SMTP:
        made = SMTP(
            self._incoming,
            loop=self._server.loop,
            hostname="localhost",
            tls_context=self._server.tls,
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=True),
            enable_SMTPUTF8=True,
            data_size_limit=None,
        )
        self._protocols.add(made)
        return made

    async def _close(self, listener: asyncio.Server) -> None:
        await begun()  # asyncio loses those that begin as it closes
        listener.close()
        await self._abort()

    async def _abort(self) -> None:
        await begun()
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.abort()
