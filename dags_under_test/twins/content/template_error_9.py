import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def slug(text):
    return text.lower()


def bucket():
    # what the repository's own functions raise says nothing of the template
    return os.environ["BUCKET_OF_PRODUCTION"]


OWN = {"user_defined_macros": {"slug": slug, "bucket": bucket}, "user_defined_filters": {"slug": slug}}

with DAG("known_filters", schedule="@daily", jinja_environment_kwargs={"lstrip_blocks": True}, **OWN):
    BashOperator(
        task_id="load", bash_command="load {{ run_id | slug }} {{ slug(run_id) }} {{ bucket() }} {{ ds | upper }}"
    )
