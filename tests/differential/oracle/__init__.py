"""Airflow's side of the differential tests."""
