"""Simulations that are shared out: what processes are given that load the Dags themselves."""
