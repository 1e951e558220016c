# expect: template-error:13
# expect: template-error:14
# expect: template-error:15
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset


def twice(text):
    return text + text


with DAG("triggered", schedule=[Asset("x://twin/template_error_2")], user_defined_macros={"twice": twice}):
    dated = BashOperator(task_id="dated", bash_command="echo {{ ds }}")
    typed = BashOperator(task_id="typed", bash_command="echo {{ twice(1, 2) }}")
    undeclared = BashOperator(task_id="undeclared", bash_command="echo {{ params.table }}")
    dated >> typed >> undeclared

with DAG("triggers", schedule=None):
    BashOperator(task_id="made", bash_command="true", outlets=[Asset("x://twin/template_error_2")])
