# verdict: top-level-io
# says: host=db.example
"""A database driver written in C."""

import psycopg2

psycopg2.connect("host=db.example dbname=meta password=secret")

from airflow.sdk import DAG

with DAG("network_driver", schedule=None):
    pass
