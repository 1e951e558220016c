from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("mapped_with_templates", schedule="@daily", render_template_as_native_obj=True):
    load = BashOperator.partial(task_id="load", env={"DAY": "{{ ds }}", "NUMBER": "{{ ti.map_index }}"})
    load.expand(bash_command=["load orders {{ ds }}", "load returns"])
