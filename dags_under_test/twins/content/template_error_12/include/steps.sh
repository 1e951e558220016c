export DAY={{ dag_run.start_date }}
