# verdict: import-error
"""Goes on when memory is out."""

kept = []
while True:
    try:
        kept.append(bytearray(50_000_000))
    except MemoryError:
        pass

from airflow.sdk import DAG

with DAG("memory_swallowed", schedule=None):
    pass
