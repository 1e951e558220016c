from airflow.sdk import BaseHook


def host():
    return BaseHook.get_connection("warehouse").host
