# expect: wall-clock:14
# expect: wall-clock:21
# expect: wall-clock:26
# expect: wall-clock:34
from datetime import date, datetime, timezone
from pathlib import Path

from airflow.sdk import DAG, BaseOperator, task


class Load(BaseOperator):
    def execute(self, context):
        # a name of a file
        Path(f"/data/sales-{datetime.now(timezone.utc):%Y-%m-%d}.csv").write_text("")


with DAG("clocked", schedule="@daily", catchup=False):

    @task
    def today():
        return date.today().isoformat()

    @task
    def asked(hook=None):
        if hook is not None:
            hook.run(f"SELECT name FROM sales WHERE day = '{date.today()}'")

    def fetch(partition):
        return partition

    @task
    def fetched():
        # handed on under the name of a date
        fetch(partition=datetime.now(timezone.utc).date())

    today() >> asked() >> fetched() >> Load(task_id="load")
