from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("possible_dates", schedule="@daily"):
    later = BashOperator(task_id="later", bash_command="load {{ logical_date.add(months=1).replace(day=1) }}")
    year = BashOperator(
        task_id="year", bash_command="load {{ logical_date.add(years=-1) | ds }} {{ 1 / logical_date.day }}"
    )
    later >> year
