"""A SubDag

SubDags are gone. The file that makes one does not import, and its parent is gone with it.
"""

# found by: import-error
from airflow.operators.subdag import SubDagOperator  # bug
# mended: from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
# mended: from airflow.sdk import TaskGroup

with DAG("sub_dag", schedule="@daily") as parent:
    SubDagOperator(task_id="load", subdag=DAG("sub_dag.load"))  # bug
    # mended: with TaskGroup("load"):
    # mended:     BashOperator(task_id="copy", bash_command="echo copied")
