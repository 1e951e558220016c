# verdict: clean
"""Every warning is an error, for the rest of the process."""

import warnings

warnings.simplefilter("error")
warnings.showwarning = None

from airflow.sdk import DAG

with DAG("warnings_as_errors", schedule=None):
    pass
