from airflow.sdk import DAG, task


@task
def only():
    pass


with DAG("once_in_a_file", schedule=None):
    only()

with DAG("once_more_in_a_file", schedule=None):
    only()
