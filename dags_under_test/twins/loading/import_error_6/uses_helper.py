from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from import_error_6.sound_helper import SIZES

with DAG("uses_sound_helper", schedule=None, params={"sizes": SIZES}):
    EmptyOperator(task_id="only")
