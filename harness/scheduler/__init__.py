"""Airflow's scheduling rules over plain data; nothing here imports Airflow or reads a clock."""
