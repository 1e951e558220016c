from airflow.sdk import DAG, task

with DAG("no_flood", schedule=None, max_active_tasks=500):

    @task
    def files():
        return ["a", "b"]

    @task(max_active_tis_per_dag=8)
    def load(file):
        print(file)

    @task(pool="reporting")
    def report(file):
        print(file)

    found = files()
    load.expand(file=found)
    report.expand(file=found)

with DAG("sixteen_at_once", schedule=None):
    load.override(task_id="load", max_active_tis_per_dag=None).expand(file=files.override(task_id="files")())
