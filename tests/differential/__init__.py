"""The simulator against real Airflow: the same generated Dags through both, their histories compared."""
