"""What a repository still says in the words of Airflow 2, in one pass over its text: ``check --upgrade``."""
