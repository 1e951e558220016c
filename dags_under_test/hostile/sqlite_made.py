# verdict: top-level-io
# says: made.db
"""SQLite would make the file."""

import os
import sqlite3

sqlite3.connect(os.path.join(os.path.dirname(__file__), "made.db"))

from airflow.sdk import DAG

with DAG("sqlite_made", schedule=None):
    pass
