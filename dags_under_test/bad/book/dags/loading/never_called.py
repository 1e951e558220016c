"""A Dag function that nobody calls

The decorator is there and the pair of brackets on the last line is not. Nothing fails: there is no Dag.
"""

# found by: no-dag-in-file
from airflow.sdk import dag, task


@dag(schedule="@daily")  # shown
def never_called():  # shown
    @task  # shown
    def load():  # shown
        print("loaded")  # shown

    load()  # shown


# mended: never_called()
