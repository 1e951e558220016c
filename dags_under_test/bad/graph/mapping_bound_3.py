# expect: mapping-bound:12
from airflow.sdk import DAG, task, task_group

with DAG("group_a_row", schedule=None):

    @task
    def load(row):
        print(row)

    @task_group
    def per_row(row):
        load(row)

    per_row.expand(row=list(range(2000)))
