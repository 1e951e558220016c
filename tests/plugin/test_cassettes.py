"""``--airflow-record-http`` and ``--record``: what a project asked for once is played back from then on."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

DAGS = """
import os
from datetime import datetime, timezone
import requests
from airflow.sdk import DAG, task

with DAG("rates", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    @task
    def rate(ds=None):
        return requests.get("http://127.0.0.1:PORT/rates", params={"day": ds}).json()["number"]

    rate()
"""
TEST = """
def test_a_day(run_dag):
    assert run_dag("rates", "2025-01-02").task("rate").xcom() == 1

def test_another_day(run_dag):
    assert run_dag("rates", "2025-01-03").task("rate").xcom() == 2
"""


class Rates(BaseHTTPRequestHandler):
    """Numbers its answers."""

    answered = 0

    def do_GET(self):
        type(self).answered += 1
        data = json.dumps({"number": self.answered}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    Rates.answered = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rates)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_tests_play_what_a_session_recorded(bare: Project, port: int):
    world = f"network: {{cassette: {{file: fixtures/rates.cassette.yaml, hosts: ['127.0.0.1:{port}']}}}}\n"
    bare.write(dags__rates=DAGS.replace("PORT", str(port)), fixtures__world_yaml=world, test_it=TEST)
    bare.pytest("test_it.py").assert_outcomes(failed=2)
    assert Rates.answered == 0
    bare.pytest("--airflow-record-http", "test_it.py").assert_outcomes(passed=2)
    assert Rates.answered == 2
    bare.pytest("test_it.py").assert_outcomes(passed=2)
    assert Rates.answered == 2


def test_what_cannot_record(bare: Project):
    bare.write(dags__rates=DAGS, test_it=TEST, fixtures__world_yaml="variables: {a: b}\n")
    told = bare.pytest("--airflow-record-http", "test_it.py")
    told.assert_outcomes(errors=2)
    told.stdout.fnmatch_lines(["*there is no cassette to record to*", "*cassette: {file: *, hosts: *}*"])
    told = bare.pytest("--airflow-record-http", "-n2", "test_it.py")
    assert told.ret == pytest.ExitCode.USAGE_ERROR
    told.stderr.fnmatch_lines(["*--airflow-record-http writes one file, from one process: leave out -n*"])
