"""Work given to other processes, of this machine or of others; it knows nothing of what the work is, nor of Airflow."""
