# expect: template-error:2
export DAY={{ dag_run.start_dat }}
