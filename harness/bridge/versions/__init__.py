"""What versions of Airflow have differently, each under a name of its own: nobody else asks for a version."""
