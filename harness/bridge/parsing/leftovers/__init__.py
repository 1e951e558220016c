"""What a Dag file leaves in its process: changes to it, to Airflow and to us, and what it put off to the end."""
