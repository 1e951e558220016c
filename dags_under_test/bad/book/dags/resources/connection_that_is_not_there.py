"""A connection that is not there

The id is right in every environment but production. The task fails at its first try there, and the Dag was green until then.
"""

# found by: connection-missing
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

with DAG("connection_that_is_not_there", schedule="@daily"):
    SQLExecuteQueryOperator(task_id="load", conn_id="warehose", sql="select 1")  # bug
    # mended: SQLExecuteQueryOperator(task_id="load", conn_id="warehouse", sql="select 1")
