# verdict: import-error
# says: does not end within
"""Never finishes dying."""

class Stays:
    def __del__(self):
        while True:
            pass


Stays()

from airflow.sdk import DAG

with DAG("del_loops", schedule=None):
    pass
