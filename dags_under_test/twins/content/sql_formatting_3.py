from airflow.sdk import DAG, task

with DAG("conf_beside_a_statement", schedule=None):

    @task
    def load(hook, **context):
        wanted = context["dag_run"].conf["wanted"]
        statement = "DELETE FROM orders WHERE id IN ({})".format(", ".join("%s" for _ in wanted))
        hook.run(statement, parameters=wanted)

    load(None)
