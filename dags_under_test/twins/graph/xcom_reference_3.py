from airflow.sdk import DAG, task

with DAG("pull_of_this_key", schedule=None):

    @task
    def extract(ti=None):
        ti.xcom_push(key="row_count", value=3)
        return "orders.csv"

    @task
    def load(path, **context):
        print(path, context)

    @task
    def report(ti=None):
        found = ti.xcom_pull(task_ids=["extract"], key="return_value")
        print(found)
        print(ti.xcom_pull(task_ids=["extract"], key="row_count"))

    load(extract()) >> report()
