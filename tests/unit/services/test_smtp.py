"""A mail server that delivers nothing: what it takes, what it keeps, and that it goes away."""

from __future__ import annotations

import smtplib
import socket
import sys
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from harness.errors import ServiceUnavailable
from harness.services.smtp.mailbox import Mailbox
from harness.services.smtp.service import SmtpService


@pytest.fixture
def service() -> Iterator[SmtpService]:
    before = set(threading.enumerate())
    made = SmtpService("embedded")
    made.start()
    made.start()
    yield made
    made.close()
    made.close()
    assert set(threading.enumerate()) == before


@pytest.fixture
def mailbox(service: SmtpService) -> Mailbox:
    made: Mailbox = service.lease("test_x", "smtp_default", service.options())
    return made


def client(mailbox: Mailbox) -> smtplib.SMTP:
    return smtplib.SMTP(mailbox.host, mailbox.port, timeout=5)


def test_whom_a_mail_reaches_and_what_it_says(mailbox: Mailbox) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"], mail["Bcc"] = "Grüße", "me@a.example", "you@a.example", "boss@a.example"
    mail.set_content("plain")
    mail.add_alternative("<p>größer</p>", subtype="html")
    mail.add_attachment(b"1,2", maintype="text", subtype="csv", filename="a.csv")
    with client(mailbox) as server:
        server.send_message(mail)
    [kept] = mailbox.outbox
    assert (kept["subject"], kept.sender, kept.recipients) == (
        "Grüße",
        "me@a.example",
        ("you@a.example", "boss@a.example"),
    )
    assert kept.body.strip() == "<p>größer</p>"
    assert [file.get_filename() for file in kept.iter_attachments()] == ["a.csv"]
    assert [(one.kind, one.about) for one in mailbox.heard()] == [("mail", "to you@a.example, boss@a.example: Grüße")]
    assert repr(kept) == "<Mail to you@a.example, boss@a.example: Grüße>"


@pytest.mark.parametrize(
    ("mail", "body"),
    [
        (MIMEText("<b>ä</b>", "html"), "<b>ä</b>"),
        (MIMEText("only text"), "only text"),
        (MIMEMultipart(), ""),
    ],
    ids=["html", "plain", "none"],
)
def test_what_a_body_is(mailbox: Mailbox, mail: MIMEText, body: str) -> None:
    with client(mailbox) as server:
        server.sendmail("a@a.example", ["b@a.example"], mail.as_string())
    assert mailbox.outbox[0].body.strip() == body
    assert mailbox.heard()[0].about == "to b@a.example: (no subject)"


def test_who_logs_in_or_encrypts_may(mailbox: Mailbox) -> None:
    with client(mailbox) as server:
        server.starttls()
        server.login("anybody", "anything")
        server.sendmail("a@a.example", ["b@a.example"], "Subject: sealed\n\n.")
    login, password = (str(mailbox.address.fields[name]) for name in ("login", "password"))
    with client(mailbox) as server:
        server.login(login, password)
        server.sendmail("a@a.example", ["b@a.example"], "Subject: open\n\n.")
    assert [mail["subject"] for mail in mailbox.outbox] == ["sealed", "open"]


def test_a_large_mail(mailbox: Mailbox) -> None:
    with smtplib.SMTP(mailbox.host, mailbox.port, timeout=60) as server:
        server.sendmail("a@a.example", ["b@a.example"], "Subject: large\n\n" + ("x" * 990 + "\n") * 40_000)
    assert len(mailbox.outbox[0].body) >= 39_000_000


def test_mailboxes_are_apart_and_what_is_given_is_a_copy(service: SmtpService, mailbox: Mailbox) -> None:
    other = service.lease("test_x", "other", service.options())
    with client(other) as server:
        server.sendmail("a@a.example", ["b@a.example"], "Subject: x\n\n.")
    other.outbox.clear()
    assert (len(mailbox.outbox), len(other.outbox)) == (0, 1)


def test_the_end_cuts_connections_and_frees_the_port(service: SmtpService, mailbox: Mailbox) -> None:
    held = client(mailbox)
    mailbox.end()
    mailbox.end()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        held.noop()
    held.close()
    with socket.create_server((mailbox.host, mailbox.port)):
        pass
    left = service.lease("test_x", "left", service.options())
    service.close()
    with pytest.raises(ConnectionRefusedError):
        client(left)


def test_without_aiosmtpd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtpd", None)
    with pytest.raises(ServiceUnavailable, match="the service smtp needs aiosmtpd, which is not installed") as caught:
        SmtpService("embedded").start()
    assert caught.value.fix == 'pip install "airflow-harness[smtp]"'
