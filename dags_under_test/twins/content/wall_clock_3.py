import pendulum
from airflow.sdk import DAG, task


@task
def pick_day(data_interval_start):
    return data_interval_start.subtract(days=1).to_date_string()


@task
def finished():
    # an instant, not a day of data
    return pendulum.now("UTC").isoformat()


@task.sensor(poke_interval=60)
def past_noon():
    return pendulum.now("UTC").hour >= 12


@task
def load(day):
    print(day)


with DAG("day_of_the_run", schedule="@daily"):
    past_noon() >> load(pick_day()) >> finished()
