import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("given_by_a_person", schedule=None, params={"day": "2025-01-01", "cfg": {"a": 1}}):
    BashOperator(task_id="json", bash_command="echo '{{ dag_run.conf | tojson }}'")
    BashOperator(task_id="day", bash_command='echo {{ macros.datetime.strptime(params.day, "%Y-%m-%d").date() }}')

with DAG("read_from", schedule="@daily", start_date=pendulum.datetime(2025, 1, 1, tz="UTC"), catchup=False):
    BashOperator(task_id="year", bash_command="echo {{ macros.dateutil.parser.parse(var.value.region).year }}")
