"""`Variable.get` at the top of the file

Every parse asks the API server, thousands of times a day. On the day when it is slow, the Dags of the file are gone.
"""

# found by: top-level-secrets
from airflow.sdk import DAG, Variable, task

REGION = Variable.get("region")  # bug
# mended: REGION = "{{ var.value.region }}"

with DAG("variable_at_import", schedule="@daily"):

    @task
    def load(region):
        print(region)

    load(REGION)
