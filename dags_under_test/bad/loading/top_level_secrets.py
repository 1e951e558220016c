# expect: top-level-secrets:4
from airflow.sdk import DAG, Variable, task

REGION = Variable.get("region")

with DAG("variable_at_import", schedule=None):

    @task
    def only():
        return REGION

    only()
