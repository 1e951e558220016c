from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseHook, BaseOperator, task


class Load(BaseOperator):
    def __init__(self, warehouse_conn_id="warehouse_default", **kwargs):
        super().__init__(**kwargs)
        self.warehouse_conn_id = warehouse_conn_id


with DAG("well_connected", schedule=None):
    default = Load(task_id="default")

    @task
    def ask():
        return BaseHook.get_connection("warehouse").host

    told = BashOperator(
        task_id="told",
        bash_command="echo {{ conn.get('warehouse').host }} {% set connected = dag %}{{ connected.dag_id }}",
    )
    default >> ask() >> told >> Load(task_id="load", warehouse_conn_id="warehouse")
