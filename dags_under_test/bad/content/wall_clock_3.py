# expect: wall-clock:9
import pendulum
from airflow.sdk import DAG, task


@task
def pick_day():
    # the tasks after it work on the day that this one happens to run on
    return pendulum.today("UTC").subtract(days=1).to_date_string()


@task
def load(day):
    print(day)


with DAG("day_for_the_others", schedule="@daily"):
    load(pick_day())
