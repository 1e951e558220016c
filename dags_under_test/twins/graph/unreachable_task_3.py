from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("alarm_that_rings", schedule=None):
    extract = BashOperator(task_id="extract", bash_command="true")
    alarm = BashOperator(task_id="alarm", bash_command="true", trigger_rule="one_failed")
    done = EmptyOperator(task_id="done", trigger_rule="all_done")
    extract >> [done, alarm]
