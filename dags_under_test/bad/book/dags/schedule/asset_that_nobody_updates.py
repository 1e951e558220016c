"""An asset that nobody updates

The names differ by one letter. The Dag is there and on, and is never started.
"""

# found by: asset-without-producer
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset

with DAG("count_orders", schedule=[Asset("s3://lake/orders")]):  # shown
    BashOperator(task_id="count", bash_command="echo counted")  # shown

with DAG("write_orders", schedule="@daily"):  # shown
    BashOperator(task_id="write", bash_command="echo written", outlets=[Asset("s3://lake/order")])  # bug
    # mended: BashOperator(task_id="write", bash_command="echo written", outlets=[Asset("s3://lake/orders")])
