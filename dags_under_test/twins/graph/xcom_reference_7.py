import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

ROOT = os.path.expandvars("$HOME/data")
with DAG("pulls_that_may_be_none", schedule=None):
    gate = EmptyOperator(task_id="gate")

    @task
    def asks(ti=None):
        got = ti.xcom_pull(task_ids="gate")
        if got is not None:
            return got
        return ROOT

    @task
    def falls_back(ti=None):
        return ti.xcom_pull(task_ids="gate") or ROOT

    @task
    def catches(ti=None):
        try:
            return ti.xcom_pull(task_ids="gate")["path"]
        except TypeError:
            return ROOT

    @task
    def leaves_out(ti=None):
        return [one for one in ti.xcom_pull(task_ids=["gate"]) if one]

    template = "{{ ti.xcom_pull(task_ids='gate') or 'x' }} {{ ti.xcom_pull('gate') | default('x', true) }}"
    shell = BashOperator(task_id="shell", bash_command=template)
    sets = "{% set x = ti.xcom_pull('gate') %}{% if x is not none %}{{ x }}{% endif %}"
    gate >> [asks(), falls_back(), catches(), leaves_out(), shell, BashOperator(task_id="sets", bash_command=sets)]
