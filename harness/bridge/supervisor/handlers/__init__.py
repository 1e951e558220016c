"""A message of Airflow's task SDK, and what is answered, by subject."""
