# expect: template-field:11
from airflow.sdk import DAG, task

with DAG("default_with_a_template", schedule="@daily"):

    @task
    def load(day="{{ ds }}"):
        print(day)

    # the default is no field of the operator
    load()
