"""`expand` over a dict

The list of tables becomes a dict, because somebody wants to say how each is loaded. Each instance is given a pair since:
there is no table of the name `('orders', 'full')`.
"""

# found by: rehearsal
from airflow.sdk import DAG, task

with DAG("expand_over_dict", schedule="@daily"):

    @task  # shown
    def tables():  # shown
        return {"orders": "full", "returns": "daily"}  # bug
        # mended: return ["orders", "returns"]

    @task  # shown
    def load(table):  # shown
        return f"loaded {table}"  # shown

    load.expand(table=tables())  # shown
