"""A day's weather into a warehouse: wait for the feed, read each station, load, check, report.

The stations answer from a formula instead of a network, so that the same date always gives the same rows; everything
else is what such a pipeline does: a sensor, mapped tasks, retries, a real PostgreSQL, a branch, an idempotent load.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Asset, Param, dag, task

WAREHOUSE = "warehouse"
OBSERVATIONS = Asset("weather_observations", uri="postgres://warehouse:5432/weather/public/observations")
PUBLISHED_AFTER = timedelta(hours=5, minutes=30)

CREATE = """
create table if not exists observations (
    station text not null, day date not null, hour int not null, celsius numeric(5, 2) not null,
    primary key (station, day, hour)
);
create table if not exists daily (
    station text not null, day date not null, low numeric(5, 2), high numeric(5, 2), mean numeric(5, 2),
    primary key (station, day)
)
"""

SUMMARISE = """
delete from daily where day = '{{ ds }}';
insert into daily
select station, day, min(celsius), max(celsius), round(avg(celsius), 2)
from observations where day = '{{ ds }}' group by station, day
"""


def celsius(station: str, day: datetime, hour: int) -> float:
    """The temperature a station measured: a year's wave, a day's wave, and the station's own offset."""
    offset = sum(map(ord, station)) % 11 - 5
    season = 10 * math.sin((day.timetuple().tm_yday - 100) / 365 * 2 * math.pi)
    return round(9 + offset + season + 4 * math.sin((hour - 9) / 24 * 2 * math.pi), 2)


@dag(
    schedule="@daily",
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    params={"stations": Param(["oslo", "lyon", "graz"], type="array", minItems=1)},
    tags=["weather"],
    doc_md=__doc__,
)
def weather_etl():
    """See the module."""

    @task.sensor(poke_interval=600, timeout=6 * 3600, mode="reschedule")
    def feed_is_published(logical_date=None) -> bool:
        """The service publishes a day's file at half past five."""
        return datetime.now(timezone.utc) >= logical_date + PUBLISHED_AFTER

    @task
    def stations(params=None) -> list[str]:
        return params["stations"]

    @task
    def read(station: str, logical_date=None, ti=None) -> list[list]:
        """The first answer of a busy service is an error, as it happens."""
        if station == "graz" and ti.try_number == 1:
            raise ConnectionError(f"{station}: 503 Service Unavailable")
        return [[station, logical_date.date().isoformat(), h, celsius(station, logical_date, h)] for h in range(24)]

    names = stations()
    create_tables = SQLExecuteQueryOperator(
        task_id="create_tables", conn_id=WAREHOUSE, sql=CREATE, split_statements=True
    )

    @task(outlets=[OBSERVATIONS])
    def load(batches, ds=None) -> int:
        """Replace the day, so that a second run changes nothing."""
        rows = [tuple(row) for batch in batches for row in batch]
        hook = PostgresHook(WAREHOUSE)
        hook.run("delete from observations where day = %s", parameters=[ds])
        hook.insert_rows("observations", rows, target_fields=["station", "day", "hour", "celsius"])
        return len(rows)

    summarise = SQLExecuteQueryOperator(task_id="summarise", conn_id=WAREHOUSE, sql=SUMMARISE, split_statements=True)

    @task.branch
    def check(loaded: int, ds=None, params=None) -> str:
        [(days,)] = PostgresHook(WAREHOUSE).get_records("select count(*) from daily where day = %s", parameters=[ds])
        complete = loaded == 24 * len(params["stations"]) and days == len(params["stations"])
        return "report" if complete else "quarantine"

    @task
    def report(ds=None) -> dict[str, float]:
        rows = PostgresHook(WAREHOUSE).get_records("select station, mean from daily where day = %s order by 1", [ds])
        return {station: float(mean) for station, mean in rows}

    quarantine = EmptyOperator(task_id="quarantine")
    done = EmptyOperator(task_id="done", trigger_rule="none_failed_min_one_success")

    loaded = load(read.expand(station=names))
    checked = check(loaded)
    feed_is_published() >> [names, create_tables]
    create_tables >> loaded >> summarise >> checked >> [report(), quarantine] >> done


weather_etl()
