from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("well_rendered", schedule="@daily", catchup=False, user_defined_filters={"nodashes": str.upper}):
    known = BashOperator(task_id="known", bash_command="echo {{ logical_date.add(days=1) }} {{ ts_nodash }}")
    only_a_run_knows = BashOperator(
        task_id="only_a_run_knows",
        bash_command="echo {{ dag_run.conf.get('a') }} {{ ti.xcom_pull('known')[0].upper() }} {{ var.value.region }}",
    )
    no_filter = BashOperator(task_id="no_filter", bash_command="echo {{ ds | nodashes }}")
    raw = BashOperator(task_id="raw", bash_command="{% raw %}docker ps --format '{{ .Names }}'{% endraw %}")
    no_file = BashOperator(task_id="no_file", bash_command="./load.sh ")
    known >> only_a_run_knows >> no_filter >> raw >> no_file
