# expect: template-error:9
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset

ORDERS = Asset("orders")

with DAG("date_of_no_date", schedule=[ORDERS]):
    # an asset starts the run: there is no logical date
    BashOperator(task_id="load", bash_command="load --day {{ ds }}")

with DAG("makes_orders", schedule="@daily"):
    BashOperator(task_id="make", bash_command="make {{ ds }}", outlets=[ORDERS])
