from airflow.sdk import DAG, task
from airflow.timetables.trigger import CronTriggerTimetable

with DAG("known_timetable", schedule=CronTriggerTimetable("0 18 * * *", timezone="UTC")):

    @task
    def only():
        pass

    only()
