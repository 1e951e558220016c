"""Marts of the shop's orders: dbt builds them, dbt tests them, and only then somebody is told."""

from datetime import datetime
from pathlib import Path

from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import BaseHook, dag, task

PROJECT = Path(__file__).parent.parent / "dbt"


def dbt(command):
    """A command of dbt, which is a program of its own here: it is not in Airflow's environment."""
    return BashOperator(
        task_id=command,
        bash_command=f"dbt {command} --project-dir {PROJECT} --profiles-dir {PROJECT} --vars 'day: {{{{ ds }}}}'",
        env={
            "MARTS_FILE": "{{ conn.marts.host }}",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_TARGET_PATH": "{{ var.value.dbt_scratch }}/target",
            "DBT_LOG_PATH": "{{ var.value.dbt_scratch }}",
        },
        append_env=True,
    )


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def marts():
    @task
    def told(ds=None):
        hook: DbApiHook = BaseHook.get_hook("marts")
        return hook.get_first("select orders, revenue::text from revenue_by_day where day = ?", parameters=(ds,))

    dbt("run") >> dbt("test") >> told()


marts()
