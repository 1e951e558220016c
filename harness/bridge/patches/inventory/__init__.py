"""Everything of Airflow, of Python and of libraries that the harness puts something else in the place of: one table."""
