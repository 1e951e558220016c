# expect: wall-clock:10
from datetime import datetime, timedelta

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def load(hook):
    # of the day before the run happens, not before its logical date
    yesterday = datetime.now() - timedelta(days=1)
    hook.run(f"DELETE FROM orders WHERE day = '{yesterday:%Y-%m-%d}'")
    hook.run("INSERT INTO orders SELECT * FROM raw WHERE day = '{}'".format(yesterday.strftime("%Y-%m-%d")))


with DAG("query_of_yesterday", schedule="@daily"):
    PythonOperator(task_id="load", python_callable=load, op_kwargs={"hook": None})
