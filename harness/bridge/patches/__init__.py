"""What of Airflow is replaced for the length of a simulation; all of it is put back."""
