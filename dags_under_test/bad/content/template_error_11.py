# expect: template-error:7
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("mapped_with_a_template", schedule="@daily"):
    # what is the same for all of them
    BashOperator.partial(task_id="load", env={"DAY": "{{ next_ds }}"}).expand(bash_command=["load orders", "load returns"])
