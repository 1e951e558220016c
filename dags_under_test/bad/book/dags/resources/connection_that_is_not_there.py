"""A connection that is not there

One letter is missing in the id. Nobody looks a connection up before the task runs: the Dag is green until its first night.
"""

# found by: connection-missing
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

with DAG("connection_that_is_not_there", schedule="@daily"):
    SQLExecuteQueryOperator(task_id="load", conn_id="warehose", sql="select 1")  # bug
    # mended: SQLExecuteQueryOperator(task_id="load", conn_id="warehouse", sql="select 1")
