# expect: start-date:18
# expect: unstable-dag
import pendulum
from airflow.sdk import dag, task


@dag(
    schedule="@daily",
    start_date=pendulum.today("UTC").subtract(days=1),
)
def since_yesterday():
    @task
    def daily(): ...

    daily()


since_yesterday()
