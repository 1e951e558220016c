"""pandas in place, on a copy

`frame["age"].fillna(0, inplace=True)` filled the frame for ten years. Since pandas 3 it fills a copy, and the gaps stay.
"""

# found by: rehearsal
# without one: run pandas_in_place --logical-date 2025-01-02
from airflow.sdk import DAG, task

with DAG("pandas_in_place", schedule="@daily"):

    @task
    def clean():
        import pandas as pd

        frame = pd.DataFrame({"age": [31.0, None, 52.0]})  # shown
        frame["age"].fillna(0, inplace=True)  # bug
        # mended: frame["age"] = frame["age"].fillna(0)
        return int(frame["age"].isna().sum())  # shown

    clean()
