# expect: import-error:4
from airflow.sdk import DAG

import no_such_package

with DAG("never_seen", schedule=None):
    no_such_package.tasks()
