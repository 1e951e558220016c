"""A deployed Airflow, read over its REST API: what it provides to Dags, how long their tasks take, what a run was."""
