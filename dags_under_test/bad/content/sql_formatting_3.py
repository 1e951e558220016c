# expect: sql-formatting:9
from airflow.sdk import DAG, task

with DAG("conf_in_a_statement", schedule=None):

    @task
    def load(hook, **context):
        wanted = context["dag_run"].conf["wanted"]
        statement = "DELETE FROM orders WHERE id IN ({})".format(", ".join(wanted))
        hook.run(statement)

    load(None)
