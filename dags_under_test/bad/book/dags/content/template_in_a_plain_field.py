"""A template in a field that is none

Airflow renders the fields that an operator names, and no others. The export is called `{{ ds }}.csv`, every day the same.
"""

# found by: template-field
from airflow.sdk import DAG, BaseOperator


class Export(BaseOperator):  # shown
    # mended: template_fields = ("path",)
    # mended:
    def __init__(self, path, **kwargs):  # shown
        super().__init__(**kwargs)  # shown
        self.path = path  # shown

    def execute(self, context):
        return self.path


with DAG("template_in_a_plain_field", schedule="@daily"):  # shown
    Export(task_id="export", path="out/{{ ds }}.csv")  # bug
    # mended: Export(task_id="export", path="out/{{ ds }}.csv")
