from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("declared_params", schedule="@daily", params={"table": "orders"}):
    of_dag = BashOperator(task_id="of_dag", bash_command="load {{ params.table }} {{ params['table'].upper() }}")
    of_task = BashOperator(task_id="of_task", bash_command="load {{ params.columns[0] }}", params={"columns": ["id"]})
    perhaps = BashOperator(task_id="perhaps", bash_command="load {{ params.get('schema', 'public') }}")
    of_dag >> of_task >> perhaps

with DAG("started_by_people", schedule=None):
    conf = BashOperator(task_id="conf", bash_command="load {{ dag_run.conf['table'] }} {{ params.table }}")
    conf >> BashOperator(
        task_id="all", bash_command="{% for table in dag_run.conf.tables %} {{ table.name }} {% endfor %}"
    )
