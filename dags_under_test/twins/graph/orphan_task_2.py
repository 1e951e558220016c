from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SOURCES = {"orders": ["clean", "load", "report"], "archive": []}


def chain(name, steps):
    last = BashOperator(task_id=f"extract_{name}", bash_command="true")
    for step in steps:
        last = last >> BashOperator(task_id=f"{step}_{name}", bash_command="true")


with DAG("as_the_data_says", schedule=None):
    for name, steps in SOURCES.items():
        chain(name, steps)


def made(dag_id, after):
    with DAG(dag_id, schedule=None) as dag:
        a, b, c = (BashOperator(task_id=name, bash_command="true") for name in "abc")
        a >> b >> c
        last = BashOperator(task_id="last", bash_command="true")
        if after:
            c >> last
    return dag


with_last, without_last = made("with_last", True), made("without_last", False)
