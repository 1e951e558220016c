"""Local testing and simulation for Apache Airflow: real task code, Airflow's own task runner, virtual time.

Importing the package imports neither Airflow nor pytest. `harness.session.Rehearsal` runs Dags, `harness.world.World`
is what they run in; tests use the fixtures of `harness.pytest_plugin`.
"""
