"""The installed Airflow itself, on a throw-away database, its waits taking no time: what the simulator is held against.

Modules here import Airflow's own models when they are imported, and so only in a process that `home.environment` was
made for. `home` and `history` import nothing of Airflow.
"""
