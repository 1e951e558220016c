from airflow.sdk import DAG, setup, task, teardown


def page_somebody(context):
    print(context["ti"])


with DAG("teardown_seen", schedule=None):

    @setup
    def create():
        return "cluster"

    @task
    def work(cluster): ...

    @teardown
    @task(on_failure_callback=page_somebody)
    def delete(cluster): ...

    cluster = create()
    worked = work(cluster)
    worked >> delete(cluster)
