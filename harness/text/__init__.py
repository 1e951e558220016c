"""Values, spans of time and missing names as short plain text: no terminal, no Airflow."""
