# verdict: clean
"""Would never finish dying, at the end of the process."""

class Stays:
    def __del__(self):
        while True:
            pass


kept = Stays()

from airflow.sdk import DAG

with DAG("del_at_exit", schedule=None):
    pass
