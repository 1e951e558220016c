from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseOperator, task


class Copy(BaseOperator):
    """Renders a part of what it is given by itself."""

    def __init__(self, command, **kwargs):
        super().__init__(**kwargs)
        self.command = command

    def execute(self, context):
        return self.render_template(self.command, context)


with DAG("well_fielded", schedule="@daily", catchup=False, doc_md="writes {{ ds }}.csv"):
    first = BashOperator(task_id="first", bash_command="echo {{ ds }}", env={"DAY": "{{ ds }}"}, doc_md="{{ ds }}")
    copied = Copy(task_id="copied", command="{{ ds }}")
    braces = BashOperator(task_id="braces", bash_command="true", task_display_name="{name} {{ .Names }}")

    @task
    def load(day="{{ ds }}"):
        print(day)

    first >> copied >> braces >> load(day="{{ ds }}")
