"""What a project is: its settings, its folders, its Dag files. Read off the files, without Airflow.

One answer for `check`, `init`, `run`, `simulate`, `verify` and the pytest plugin.
"""
