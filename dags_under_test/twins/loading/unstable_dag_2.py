import os
import tempfile

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("order_of_a_list", schedule=None, tags={"orders", "customers", "parts", "lines"}):
    TABLES = {"orders", "customers", "parts", "lines", "returns", "stock"}
    BashOperator(
        task_id="only",
        bash_command="load " + " ".join(sorted(TABLES)),
        env={**os.environ, "WHERE": tempfile.gettempdir()},
    )
