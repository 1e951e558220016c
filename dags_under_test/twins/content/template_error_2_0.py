from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset


def twice(text):
    return text + text


with DAG(
    "well_triggered",
    schedule=[Asset("x://well/template_error_2")],
    user_defined_macros={"twice": twice},
    params={"table": "sales"},
):
    dated = BashOperator(task_id="dated", bash_command="echo {{ dag_run.run_after }} {{ triggering_asset_events }}")
    typed = BashOperator(task_id="typed", bash_command="echo {{ twice('1') }}")
    declared = BashOperator(task_id="declared", bash_command="echo {{ params.table }}")
    maybe = BashOperator(task_id="maybe", bash_command="{% if logical_date is defined %}echo {{ ds }}{% endif %}")
    dated >> typed >> declared >> maybe

with DAG("well_triggers", schedule=None, params={"days": 3}):
    made = BashOperator(task_id="made", bash_command="true", outlets=[Asset("x://well/template_error_2")])
    made >> BashOperator(task_id="computed", bash_command="echo {{ 10 // params.days }} {{ params.anything }}")
