# expect: template-field:13
from airflow.sdk import DAG, BaseOperator


class Export(BaseOperator):
    def __init__(self, path, **kwargs):
        super().__init__(**kwargs)
        self.path = path


with DAG("no_template_field", schedule="@daily"):
    # the file will be called {{ ds }}.csv
    Export(task_id="export", path="out/{{ ds }}.csv")
