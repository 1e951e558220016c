# expect: serialization:10
from airflow.sdk import DAG, task
from airflow.timetables.trigger import CronTriggerTimetable


class AfterWork(CronTriggerTimetable):
    """Registered in no plugin."""


with DAG("unknown_timetable", schedule=AfterWork("0 18 * * *", timezone="UTC")):

    @task
    def only():
        pass

    only()
