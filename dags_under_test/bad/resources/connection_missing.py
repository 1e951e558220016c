# expect: connection-missing:15
# expect: connection-missing:19
# expect: connection-missing:21
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseHook, BaseOperator, task


class Load(BaseOperator):
    def __init__(self, warehouse_conn_id, **kwargs):
        super().__init__(**kwargs)
        self.warehouse_conn_id = warehouse_conn_id


with DAG("connected", schedule=None):
    load = Load(task_id="load", warehouse_conn_id="warehose")

    @task
    def ask():
        return BaseHook.get_connection("crm").host

    told = BashOperator(task_id="told", bash_command="echo {{ conn.billing.host }}")
    load >> ask() >> told >> Load(task_id="again", warehouse_conn_id="warehouse")
