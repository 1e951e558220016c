from airflow.sdk import DAG, BaseOperator, task


class Run(BaseOperator):
    template_fields = ("sql", "parameters")

    def __init__(self, sql, parameters=None, **kwargs):
        super().__init__(**kwargs)
        self.sql = sql
        self.parameters = parameters


with DAG("output_beside_a_statement", schedule="@daily"):

    @task
    def find():
        return "Ada"

    customer = find()
    load = Run(task_id="load", sql="SELECT * FROM orders WHERE customer = %(name)s", parameters={"name": customer})
    load >> Run(task_id="of_table", sql=f"SELECT * FROM orders_{customer}")
