from airflow.sdk import DAG

from import_error_6.broken_helper import SIZES

with DAG("uses_helper_two", schedule=None, params={"sizes": SIZES}):
    pass
