from airflow.sdk import DAG, Variable, task

with DAG("variable_in_a_task", schedule=None):

    @task
    def only():
        return Variable.get("region")

    only()
