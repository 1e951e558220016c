"""The project of the tests that look at a ledger in Airflow's own UI."""

import os
import shutil
from contextlib import contextmanager

from harness.bridge.reference.home import default_cache, template
from harness.bridge.ui.dags import documents
from harness.simulation import Rehearsal
from harness.ui.served import checked, listening_on, served
from tests.cli.project import Project

DAGS = """
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import Asset, dag, task, task_group
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

from alarms import ring

loaded = Asset("loaded", uri="s3://lake/loaded")
in_time = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_LOGICAL_DATE, interval=timedelta(days=1), callback=AsyncCallback(ring)
)


@dag(start_date=datetime(2024, 12, 31), schedule="@daily", catchup=False, tags=["shop"], deadline=in_time)
def sales():
    @task(retries=2, retry_delay=timedelta(minutes=5), pool="etl")
    def extract(ti=None):
        print("reads the feed")
        if ti.try_number == 1:
            raise ConnectionError("feed is down")
        return [1, 2, 3]

    @task_group
    def shape(rows):
        @task
        def clean(row):
            return row * 2

        return clean.expand(row=rows)

    @task(outlets=[loaded])
    def load(rows, ds=None):
        if ds == "2025-01-04":
            raise ValueError("no such table")
        return {"rows": len(list(rows)), "day": ds, "password": "hunter2"}

    wait = TimeDeltaSensor(task_id="wait", delta=timedelta(minutes=10), mode="reschedule")
    wait >> load(shape(extract())) >> BashOperator(task_id="say", bash_command="echo {{ ds }}")


sales()


@dag(schedule=[loaded], catchup=False)
def report():
    @task
    def write():
        return "written"

    write()


report()


@dag(dag_id="d" * 250, start_date=datetime(2025, 1, 1), schedule="@yearly", catchup=False)
def longest():
    @task(task_id="ä" * 250)
    def say():
        print("of a long name")

    say()


longest()
"""
ALARMS = "async def ring(**of): ...\n"
BACKFILL = '2025-01-05T12:00Z backfill sales {"from": "2024-12-31", "to": "2024-12-31"}'
WORLD = "pools: {etl: 2}\ndurations: {sales.extract: 10m, sales.load: 3m, report.write: 1m}\n"


def simulated(folder):
    """A project whose calendar of a week was simulated into ``january``; its last day goes on.

    Somebody had it backfill the day before. That run misses its deadline, and the one that failed its own.
    """
    project = Project(folder)
    project.write("dags/shop.py", DAGS)
    project.write("fixtures/world.yaml", WORLD)
    project.write("dags/alarms.py", ALARMS)
    week = ("--since", "2025-01-01", "--until", "7d")
    answer = project("simulate", *week, "--action", BACKFILL, "--keep", "january")
    assert answer.code == 1, answer.err
    give_template(project)
    return project


def give_template(project):
    """Lend a project, whose temporary folder is its own, the migrated database of this machine's user."""
    source = template(default_cache())
    folder = project.temporary / f"airflow-harness-oracle-{os.getuid()}"
    folder.mkdir(mode=0o700)
    shutil.copyfile(source, folder / source.name)


@contextmanager
def shown_in_ui(ledger, dags):
    """A ledger, served for a block with the Dags of a folder; None for those that it knows itself."""
    rehearsal = Rehearsal() if dags is None else Rehearsal.of_paths([dags])
    with rehearsal.surroundings.entered():
        stored = documents(rehearsal.folder.dags, list(rehearsal.folder.dags))
    with listening_on(0) as listening, served(checked(ledger), stored, rehearsal.surroundings, listening) as found:
        yield found
