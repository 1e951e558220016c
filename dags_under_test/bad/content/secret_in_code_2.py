# expect: secret-in-code:5
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SOURCE = "postgresql://etl:hunter2-prod@warehouse.internal:5432/sales"

with DAG("password_in_a_uri", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", env={"SOURCE": SOURCE})
