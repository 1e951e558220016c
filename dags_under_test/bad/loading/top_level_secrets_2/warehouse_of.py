# expect: top-level-secrets:6
from airflow.sdk import BaseHook


def host():
    return BaseHook.get_connection("warehouse").host
