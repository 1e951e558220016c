from no_dag_in_file_4.dag_factory import made

# a Dag of the factory
dag = made("of_the_factory")
# airflow
