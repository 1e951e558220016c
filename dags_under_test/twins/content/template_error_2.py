from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

with DAG("names_of_airflow_3", schedule="@daily"):
    days = ["{{ ds }}", {"until": "{{ macros.ds_add(ds, 1) }}"}, "{{ logical_date.add(days=1) | ds_nodash }}"]
    moments = ["{{ data_interval_end | ts }}", "{{ dag_run.run_after.strftime('%H') }}", "{{ macros.datetime.now() }}"]
    spans = ["{{ logical_date - macros.timedelta(days=3) }}", "{{ prev_data_interval_start_success or ds }}"]
    PythonOperator(task_id="load", python_callable=print, op_kwargs={"days": days, "moments": moments, "spans": spans})
