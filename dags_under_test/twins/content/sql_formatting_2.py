from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

TABLE = "orders"


def load(hook, ti):
    name = ti.xcom_pull(task_ids="find")
    hook.run("UPDATE orders SET seen = true WHERE name = %s", parameters=(name,))
    hook.run("UPDATE %s SET seen = true WHERE id = %d" % (TABLE, len(name)))
    print("set %s from the start" % name)


with DAG("xcom_beside_a_statement", schedule="@daily"):
    find = PythonOperator(task_id="find", python_callable=str)
    find >> PythonOperator(task_id="load", python_callable=load, op_kwargs={"hook": None})
