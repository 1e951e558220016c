# clean: plugin-error
from airflow.plugins_manager import AirflowPlugin


def first_hour(hours):
    return hours.get("first")


class Hours(AirflowPlugin):
    name = "hours"
    macros = [first_hour]  # noqa: RUF012 - as Airflow has it
