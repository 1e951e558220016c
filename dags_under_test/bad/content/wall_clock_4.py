# expect: wall-clock:13
from time import gmtime, strftime

from airflow.sdk import DAG, BaseOperator


class Fetch(BaseOperator):
    def __init__(self, client, **kwargs):
        super().__init__(**kwargs)
        self.client = client

    def execute(self, context):
        day = strftime("%Y-%m-%d")
        return self.client.fetch(report_date=day, at=strftime("%H:%M", gmtime()))


with DAG("date_for_an_interface", schedule="@daily"):
    Fetch(task_id="fetch", client=None)
