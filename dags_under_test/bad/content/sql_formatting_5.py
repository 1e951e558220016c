# expect: sql-formatting:21
from airflow.sdk import DAG, BaseOperator, task


class Run(BaseOperator):
    template_fields = ("sql",)

    def __init__(self, sql, **kwargs):
        super().__init__(**kwargs)
        self.sql = sql


with DAG("output_in_a_statement", schedule="@daily"):

    @task
    def find():
        return "Ada"

    customer = find()
    # the f-string holds a template, which is rendered into the statement
    customer >> Run(task_id="load", sql=f"SELECT * FROM orders WHERE customer = '{customer}'")
