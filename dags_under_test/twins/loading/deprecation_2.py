import warnings

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

warnings.warn("ours, and none of Airflow's", DeprecationWarning, stacklevel=1)

with DAG("new_argument", schedule=None):
    BashOperator(task_id="only", bash_command="true")
