from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, Asset

with DAG("tied", schedule=None):
    extract = BashOperator(task_id="extract", bash_command="true")
    clean = BashOperator(task_id="clean", bash_command="true")
    load = BashOperator(task_id="load", bash_command="true")
    extract >> clean >> load >> BashOperator(task_id="report", bash_command="true")
    BashOperator(task_id="snapshot", bash_command="true", outlets=[Asset("snapshots")])

with DAG("all_beside_each_other", schedule=None):
    for region in ("north", "south", "west"):
        BashOperator(task_id=f"export_{region}", bash_command="true")

with DAG("opened_by_another", schedule=None):
    (
        PythonSensor(task_id="wait", python_callable=dict, mode="reschedule", timeout=60)
        >> BashOperator(task_id="go", bash_command="true")
        >> BashOperator(task_id="went", bash_command="true")
    )
    BashOperator(task_id="open", bash_command="true")
