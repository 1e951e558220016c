"""A password in the file

It was to be there for one afternoon. It is in the history of the repository for ever, and in every clone of it.
"""

# found by: secret-in-code
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SOURCE = "postgresql://etl:hunter2-prod@warehouse.internal:5432/sales"  # bug
# mended: SOURCE = "{{ conn.warehouse.get_uri() }}"

with DAG("password_in_code", schedule="@daily"):
    BashOperator(task_id="load", bash_command="echo loaded", env={"SOURCE": SOURCE})
