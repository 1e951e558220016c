"""What a run, a calendar, a backfill, a check came to: plain data. No rendering, no Airflow."""
