# verdict: import-error
"""An id that cannot be read."""

from airflow.sdk import DAG


class Odd(str):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __format__ = __len__ = __str__


with DAG(Odd("odd"), schedule=None):
    pass
