"""What Dags find around them: the project's home, settings, plugins and policies, nothing of the owner's Airflow."""
