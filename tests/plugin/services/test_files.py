"""``world.sftp`` and ``world.ftp``: Airflow's hooks, operators and sensors move files, in virtual time."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

DAG = """
from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.providers.ftp.hooks.ftp import FTPHook
from airflow.providers.ftp.sensors.ftp import FTPSensor
from airflow.providers.sftp.hooks.sftp import SFTPHook
from airflow.providers.sftp.operators.sftp import SFTPOperator
from airflow.providers.sftp.sensors.sftp import SFTPSensor
from airflow.sdk import DAG, task
import time

with DAG("exchange", schedule=None):

    @task
    def partner():
        time.sleep(3600)
        SFTPHook(ssh_conn_id="partner").store_file("/in/dag.py", __file__)

    @task
    def copy(tmp="/tmp"):
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            SFTPHook(ssh_conn_id="partner").retrieve_file("/in/dag.py", f"{folder}/dag.py")
            FTPHook(ftp_conn_id="archive").store_file("/dag.py", f"{folder}/dag.py")
        return FTPHook(ftp_conn_id="archive").get_mod_time("/dag.py").isoformat()

    waits = [
        SFTPSensor(task_id=mode, sftp_conn_id="partner", path="/in/dag.py", newer_than="{{ ts }}",
                   poke_interval=600, mode=mode, timeout=86400)
        for mode in ("poke", "reschedule")
    ]
    deferred = SFTPSensor(task_id="deferred", sftp_conn_id="partner", path="/in/dag.py", poke_interval=600,
                          deferrable=True, timeout=86400)
    partner()
    [*waits, deferred] >> copy() >> FTPSensor(task_id="there", ftp_conn_id="archive", path="/dag.py")
"""

TESTS = """
from datetime import datetime, timedelta, timezone


def test_files(run_dag, world):
    result = run_dag("exchange", "2025-02-03")
    assert result.ok
    assert world.sftp.files() == ["/in/dag.py"]
    assert world.ftp.read("/dag.py") == world.sftp.read("/in/dag.py")
    came = datetime.fromtimestamp((world.sftp.folder / "in/dag.py").stat().st_mtime, timezone.utc)
    assert timedelta(hours=1) <= came - datetime(2025, 2, 3, tzinfo=timezone.utc) < timedelta(days=2)
    assert result.task("copy").xcom()[:10] in ("2025-02-03", "2025-02-04")
    assert {str(change) for use in result.services for change in use.changes} == {
        "folder /in: 1 file added", "folder /: 1 file added"
    }
"""


def test_a_dag_that_waits_for_a_partners_file(bare: Project):
    bare.write(
        dags__exchange=DAG,
        fixtures__world_yaml="connections:\n  partner: {service: sftp, folders: [in]}\n  archive: {service: ftp}\n",
        test_it=TESTS,
    )
    bare.pytest().assert_outcomes(passed=1)
    assert bare.left_behind() == []
