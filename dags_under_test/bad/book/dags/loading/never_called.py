"""A Dag function that nobody calls

The decorator is there and the pair of brackets on the last line is not. Nothing fails: there is no Dag.
"""

# found by: no-dag-in-file
from airflow.sdk import dag, task


@dag(schedule="@daily")
def never_called():
    @task
    def load():
        print("loaded")

    load()


# mended: never_called()
