"""A ledger in Airflow's own web UI, from its start until somebody has seen enough."""
