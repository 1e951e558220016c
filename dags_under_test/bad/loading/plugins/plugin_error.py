# expect: plugin-error:6
from airflow.plugins_manager import AirflowPlugin


def first_hour(hours):
    return hours["first"]


class Hours(AirflowPlugin):
    name = f"hours_{first_hour({})}"
