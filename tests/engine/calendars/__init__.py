"""Runs of several Dags beside each other: schedules, assets, backfills, deadlines, executors, people."""
