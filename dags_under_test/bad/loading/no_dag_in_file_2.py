# expect: no-dag-in-file:7
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG


def make(dag_id):
    dag = DAG(dag_id, schedule=None)
    EmptyOperator(task_id="only", dag=dag)
    return dag


for name in ("lost_in_a_loop",):
    make(name)
