"""``world.smtp``: mails that tasks send are kept, whichever of Airflow's ways, or Python's, they take."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

MAILS = """
import smtplib
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.providers.smtp.operators.smtp import EmailOperator
from airflow.sdk import DAG, BaseHook, task

with DAG("operator", schedule=None, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    EmailOperator(
        task_id="report", to=["team@example.com"], bcc="boss@example.com", subject="{{ ds }} is done",
        html_content="<b>{{ run_id }}</b>", files=[__file__],
    )

with DAG("notified", schedule=None):

    @task(
        on_success_callback=SmtpNotifier(
            to="team@example.com", from_email="us@example.com", subject="{{ ti.task_id }} is done", html_content="well"
        )
    )
    def load():
        pass

    load()

with DAG("fails", schedule=None):

    @task(email="owner@example.com", retries=1, retry_delay=timedelta(hours=1))
    def load():
        raise ValueError("no rows <today>")

    load()

with DAG("plain", schedule=None):

    @task
    def by_hand():
        connection = BaseHook.get_connection("smtp_default")
        with smtplib.SMTP(connection.host, connection.port) as server:
            server.starttls()
            server.login(connection.login, connection.password)
            mail = EmailMessage()
            mail["Subject"], mail["From"], mail["To"] = "by hand", "me@example.com", "you@example.com"
            mail.set_content("Gr\\u00fc\\u00dfe")
            server.send_message(mail)

    @task
    def by_airflows_function():
        from airflow.utils.email import send_email

        send_email("you@example.com", "by a function", "<p>hello</p>")

    by_hand() >> by_airflows_function()

"""

TESTS = """
from datetime import datetime, timezone


def test_operator(run_dag, world):
    assert run_dag("operator", "2025-03-04").ok
    [mail] = world.smtp.outbox
    assert (mail["subject"], mail["to"]) == ("2025-03-04 is done", "team@example.com")
    assert mail.sender == "airflow@example.com"
    assert mail.recipients == ("team@example.com", "boss@example.com")
    assert mail["bcc"] is None
    assert mail.body.startswith("<b>manual__")
    [file] = mail.iter_attachments()
    assert file.get_filename() == "mails.py"


def test_each_test_has_a_mailbox_of_its_own(run_dag, world):
    assert world.smtp.outbox == []
    run_dag("operator", "2025-03-05")
    run_dag("operator", "2025-03-06")
    assert [mail["subject"] for mail in world.smtp.outbox] == ["2025-03-05 is done", "2025-03-06 is done"]


def test_notifier(run_dag, world):
    assert run_dag("notified").ok
    assert [(mail["subject"], mail.sender, mail.body.strip()) for mail in world.smtp.outbox] == [
        ("load is done", "us@example.com", "well")
    ]


def test_on_failure_and_on_retry(run_dag, world):
    result = run_dag("fails", "2025-03-04")
    assert result.state == "failed"
    retry, failure = world.smtp.outbox
    assert retry.recipients == failure.recipients == ("owner@example.com",)
    assert "Airflow alert" in failure["subject"]
    assert "no rows &lt;today&gt;" in failure.body or "no rows <today>" in failure.body
    assert (failure.at - retry.at).total_seconds() == 3600
    assert retry.at.tzinfo is not None


def test_python_alone(run_dag, world):
    assert run_dag("plain").ok
    assert [(mail["subject"], mail.body.strip()) for mail in world.smtp.outbox] == [
        ("by hand", "Gr\\u00fc\\u00dfe"), ("by a function", "<p>hello</p>")
    ]


def test_a_mailbox_for_each_connection(run_dag, world):
    world.set_connection("other", service="smtp")
    assert run_dag("notified").ok
    assert len(world.smtp("smtp_default").outbox) == 1
    assert world.smtp("other").outbox == []
"""


@pytest.fixture
def mails(bare: Project) -> Project:
    bare.write(
        dags__mails=MAILS,
        fixtures__world_yaml="connections:\n  smtp_default: {service: smtp}\n",
        test_it=TESTS,
    )
    return bare


def test_every_way(mails: Project):
    mails.pytest().assert_outcomes(passed=6)
    assert mails.left_behind() == []


def test_on_workers(mails: Project):
    mails.pytest("-n", "2").assert_outcomes(passed=6)
    assert mails.left_behind() == []


def test_a_key_that_it_does_not_know(mails: Project):
    mails.write(fixtures__world_yaml="connections:\n  smtp_default: {service: smtp, prot: 25}\n")
    result = mails.pytest("-k", "notifier")
    result.stdout.fnmatch_lines(["*connection 'smtp_default': unknown key 'prot'*", "*world.yaml:2*"])
