# verdict: process-pollution
# says: RLIMIT_NOFILE
"""No file may be opened."""

import resource

from airflow.sdk import DAG

with DAG("resource_limits", schedule=None):
    pass

resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
