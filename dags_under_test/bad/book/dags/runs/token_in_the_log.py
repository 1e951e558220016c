"""A token in the log

Airflow masks what it knows for a secret: connections and variables. A token that the task was given by an API is none of
them, and `print` writes it for everybody to read.
"""

# found by: rehearsal
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import DAG, task

with DAG("token_in_the_log", schedule="@daily"):

    @task
    def login():
        answer = HttpHook("POST", http_conn_id="shop_api").run("/login").json()  # shown
        print(answer)  # bug
        # mended: print(f"logged in: {sorted(answer)}")

    login()
