"""A ledger in Airflow's own web UI: written into a throw-away metadata database, which Airflow's API server serves.

`server` is the program of the process that does both; what it is made of imports Airflow only there. `history` and
`logs` import nothing of it: they say what a ledger tells in the terms of Airflow's tables and log files.
"""
