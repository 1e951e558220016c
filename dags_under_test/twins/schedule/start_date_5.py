import pendulum
from airflow.sdk import dag, task


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
)
def since_new_year():
    @task
    def daily():
        print(pendulum.now("UTC"))

    daily()


since_new_year()
