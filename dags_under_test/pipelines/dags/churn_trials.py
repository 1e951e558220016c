"""Trials of a model, each recorded in MLflow; the best of the day is handed on."""

from datetime import datetime, timedelta

from airflow.sdk import dag, task

STRENGTHS = [1, 20, 4000]


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def churn_trials():
    @task(retries=2, retry_delay=timedelta(minutes=10))
    def trial(strength, ds=None):
        from include.tracking import tried

        return tried(strength, ds)

    @task
    def best(ds=None):
        from include.tracking import best_of

        return best_of(ds)

    trial.expand(strength=STRENGTHS) >> best()


churn_trials()
