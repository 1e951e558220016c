# verdict: import-error
# says: Odd
"""No Exception, and no text."""

class Odd(BaseException):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


raise Odd

from airflow.sdk import DAG

with DAG("raise_base_exception", schedule=None):
    pass
