# verdict: clean
"""A thousand."""

from airflow.sdk import DAG

for number in range(1000):
    with DAG(f"many_{number}", schedule=None):
        pass
