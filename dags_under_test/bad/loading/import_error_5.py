# expect: import-error:5
import sys
from airflow.sdk import DAG

sys.exit("no configuration")

with DAG("after_the_end", schedule=None):
    pass
