from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def notify(context):
    ti = context["ti"]
    print(ti.try_number, ti.max_tries, ti.start_date, ti.end_date, ti.state, ti.log_url, ti.run_id)
    print(ti.dag_id, ti.task_id, ti.run_id, ti.map_index, context["dag_run"].run_type, context["dag_run"].conf.get("x"))
    print((ti.end_date - ti.start_date).total_seconds(), getattr(ti, "hostname", ""), hasattr(ti, "execution_date"))


with DAG("attributes_of_airflow_3", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", on_retry_callback=notify, retries=2)
