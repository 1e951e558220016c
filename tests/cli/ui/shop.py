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

loaded = Asset("loaded", uri="s3://lake/loaded")


@dag(start_date=datetime(2025, 1, 1), schedule="@daily", catchup=False, tags=["shop"])
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
"""
WORLD = "pools: {etl: 2}\ndurations: {sales.extract: 10m, sales.load: 3m, report.write: 1m}\n"


def simulated(folder):
    """A project whose calendar of a week was simulated into ``january``; its last day goes on."""
    project = Project(folder)
    project.write("dags/shop.py", DAGS)
    project.write("fixtures/world.yaml", WORLD)
    answer = project("simulate", "--since", "2025-01-01", "--until", "7d", "--keep", "january")
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
