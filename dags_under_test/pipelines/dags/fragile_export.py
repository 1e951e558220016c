"""An export that often fails: tried again later and later; people hear when it gives up, and when it is well again."""

from datetime import datetime, timedelta

from airflow.providers.http.hooks.http import HttpHook
from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import dag, task


def told(subject, text):
    """A mail, and a line in the team's channel."""
    return [
        SmtpNotifier(
            to="oncall@example.com",
            from_email="airflow@example.com",
            subject=subject,
            html_content="after {{ ti.try_number }} tries",
        ),
        SlackWebhookNotifier(slack_webhook_conn_id="slack_oncall", text=text),
    ]


gave_up = told("{{ ti.task_id }} of {{ ds }} failed", "{{ ti.task_id }} of {{ ds }} gave up at try {{ ti.try_number }}")
is_well = told("{{ ti.task_id }} of {{ ds }} is well", "{{ ti.task_id }} of {{ ds }} is well again")


def recovered(context):
    """Told only where a try had failed before."""
    if context["ti"].try_number > 1:
        for notify in is_well:
            notify(context)


@dag(schedule="@daily", start_date=datetime(2025, 1, 1))
def fragile_export():
    @task(
        retries=4,
        retry_delay=timedelta(minutes=5),
        retry_exponential_backoff=2.0,
        max_retry_delay=timedelta(minutes=30),
        on_failure_callback=gave_up,
        on_success_callback=recovered,
    )
    def export():
        HttpHook("POST", http_conn_id="rates_api").run("/export")

    export()


fragile_export()
