"""The weather of some cities, day by day, from an API into the warehouse."""

from datetime import datetime, timedelta

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import dag, task
from include.weather import CITIES, cleaned

TABLE = """
create table if not exists weather (
    city text, day date, fahrenheit numeric, loaded_at timestamptz default now(), primary key (city, day)
)
"""
LOAD = """
insert into weather (city, day, fahrenheit) values
{% for row in ti.xcom_pull('transform') %}
('{{ row.city }}', '{{ row.day }}', {{ row.fahrenheit }}){{ '' if loop.last else ',' }}
{% endfor %}
on conflict (city, day) do update set fahrenheit = excluded.fahrenheit
"""


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False, tags=["weather"])
def city_weather():
    @task(retries=5, retry_delay=timedelta(minutes=1), pool="etl")
    def extract(city, ds=None):
        return HttpHook("GET", http_conn_id="weather_api").run("/daily", {"city": city, "day": ds}).json()

    @task
    def transform(readings):
        return cleaned(list(readings))

    table = SQLExecuteQueryOperator(task_id="create_table", conn_id="warehouse", sql=TABLE)
    rows = transform(extract.expand(city=CITIES))
    load = SQLExecuteQueryOperator(task_id="load", conn_id="warehouse", sql=LOAD)
    [table, rows] >> load


city_weather()
