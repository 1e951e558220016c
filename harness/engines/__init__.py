"""Work given to other machines' processes; it knows nothing of what the work is, nor of Airflow."""
