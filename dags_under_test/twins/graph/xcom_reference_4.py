from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("pull_of_something", schedule=None):

    @task
    def extract():
        """Writes a file and returns its name."""
        return "orders.csv"

    done = extract()
    check = BashOperator(task_id="check", bash_command="echo {{ ti.xcom_push('size', 3) }}")
    done >> check
    check >> BashOperator(task_id="show", bash_command="show {{ ti.xcom_pull('check', key='size') }}")
    done >> BashOperator(task_id="load", env={"FILE": "{{ task_instance.xcom_pull('extract') }}"}, bash_command="load")
