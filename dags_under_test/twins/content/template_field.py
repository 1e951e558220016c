from airflow.sdk import DAG, BaseOperator


class Export(BaseOperator):
    template_fields = ("path",)

    def __init__(self, path, footer="", **kwargs):
        super().__init__(**kwargs)
        self.path = path
        self.footer = footer


class Fill(BaseOperator):
    def __init__(self, text, **kwargs):
        super().__init__(**kwargs)
        self.text = text

    def execute(self, context):
        print(self.render_template(self.text, context))


class Renamed(BaseOperator):
    """Keeps the argument for itself, renders what it makes of it."""

    template_fields = ("command",)

    def __init__(self, day, **kwargs):
        super().__init__(**kwargs)
        self.day = day
        self.command = ["load", day]


with DAG("template_fields", schedule="@daily"):
    export = Export(task_id="export", path="out/{{ ds }}.csv", footer="{{ total }} rows", doc_md="for `{{ ds }}`")
    filled = Fill(task_id="fill", text="{{ ds }}", task_display_name="{ds}")
    export >> filled >> Renamed(task_id="renamed", day="{{ ds }}")
