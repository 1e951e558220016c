from time import gmtime, strftime

from airflow.sdk import DAG, BaseOperator


class Fetch(BaseOperator):
    def __init__(self, client, **kwargs):
        super().__init__(**kwargs)
        self.client = client

    def execute(self, context):
        print(strftime("%Y-%m-%d"))
        day = context["logical_date"].strftime("%Y-%m-%d")
        return self.client.fetch(report_date=day, at=strftime("%H:%M", gmtime()))


with DAG("date_of_the_run_for_an_interface", schedule="@daily"):
    Fetch(task_id="fetch", client=None)
