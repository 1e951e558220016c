"""A mail server that is down when it matters

The failure is to be mailed, and the mail server went down with everything else. Airflow logs that, and goes on.
"""

# found by: rehearsal
from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def mail(context):  # shown
    with SmtpHook() as server:  # bug
        server.send_email_smtp(to="oncall@example.com", from_email="a@example.com", subject="failed", html_content="-")  # bug
    # mended: try:
    # mended:     with SmtpHook() as server:
    # mended:         server.send_email_smtp(to="oncall@example.com", from_email="a@example.com", subject="failed", html_content="-")
    # mended: except OSError:
    # mended:     from airflow.providers.http.hooks.http import HttpHook
    # mended:
    # mended:     HttpHook("POST", http_conn_id="shop_api").run("/alarms")


with DAG("mail_server_down", schedule="@daily", default_args={"on_failure_callback": mail}):  # shown
    BashOperator(task_id="load", bash_command="echo loaded")  # shown
