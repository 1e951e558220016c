"""Payments that look like fraud: another team's container scores them, somebody here is told."""

from datetime import datetime, timedelta

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def fraud_scores():
    score = KubernetesPodOperator(
        task_id="score",
        name="fraud-scores",
        namespace="scoring",
        image="registry.example.com/fraud/scores:2.3",
        cmds=["python", "/app/scores.py"],
        arguments=["--day", "{{ ds }}", "--threshold", "0.5"],
        env_vars={"PAYMENTS": "{{ var.value.payments }}"},
        do_xcom_push=True,
        retries=1,
        retry_delay=timedelta(minutes=10),
    )

    @task
    def tell(scores, ds=None):
        if scores["suspicious"]:
            text = f"{ds}: look at payments {scores['suspicious']}"
            SlackWebhookHook(slack_webhook_conn_id="slack_oncall").send(text=text)

    tell(score.output)


fraud_scores()
