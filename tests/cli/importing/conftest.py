import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.bridge.reference.home import default_cache, environment, template

DAG = """
from datetime import date, datetime

from airflow.sdk import DAG, task

with DAG("sales", schedule="@daily", start_date=datetime(2025, 1, 1), params={"city": "Oslo"}):

    @task
    def extract(params=None):
        return {"rows": 3, "city": params["city"], "day": date(2025, 1, 3)}

    @task
    def days():
        return [1, 2, 3]

    @task(retries=1)
    def load(n, rows):
        return n * rows["rows"]

    @task
    def total(values, rows=None):
        return [sum(values), rows["city"], rows["day"].isoformat()]

    rows = extract()
    total(load.partial(rows=rows).expand(n=days()), rows)
"""
FEED = """
import os
from datetime import datetime, timedelta

from airflow.sdk import DAG, task

with DAG("feed", schedule="@daily", start_date=datetime(2025, 1, 1)):

    @task
    def names():
        return ["a", "b"]

    @task(retries=1, retry_delay=timedelta(0))
    def fetch(name, ds=None, ti=None):
        if name == "b" and ti.try_number == 1 and "IN_PRODUCTION" in os.environ:
            raise ConnectionError("the feed is down")
        return f"{name} of {ds}"

    @task
    def check(found):
        if "IN_PRODUCTION" in os.environ:
            raise ValueError("too few")
        return len(found)

    check(fetch.expand(name=names()))
"""
SEED = """
import datetime as dt
import os
import sys
from pathlib import Path

from airflow.models import Connection, Pool, Variable
from airflow.utils.session import create_session

from harness.bridge.reference.run import parsed

dags = parsed(Path(sys.argv[1]), ["sales", "feed"]).dags
os.environ["IN_PRODUCTION"] = "1"
dags["feed"].test(logical_date=dt.datetime(2025, 1, 3, tzinfo=dt.timezone.utc))
dag = dags["sales"]
dag.test(logical_date=dt.datetime(2025, 1, 2, tzinfo=dt.timezone.utc), run_conf={"city": "Lyon", "api_key": "sesame7"})
extra = '{"token": "sesame3"}'
with create_session() as session:
    session.add(Connection("warehouse", "postgres", None, "db.example.com", "me", "sesame1", "dw", 5432, extra))
    session.add(Connection("chat", "slackwebhook", None, "https://bot:sesame2@chat.example.com"))
    session.add(Pool(pool="etl", slots=5, description="", include_deferred=True))
    session.add_all([Variable("region", "eu"), Variable("api_token", "sesame4")])
    session.add_all([Variable(f"more_{number}", str(number)) for number in range(150)])
"""
UP_LIMIT_S = 120


@dataclass(frozen=True)
class Production:
    """An Airflow whose API is up.

    Attributes:
        tokens: of its users, by name: ``admin`` and ``viewer``.
    """

    url: str
    tokens: dict[str, str]


@pytest.fixture(scope="package")
def production(tmp_path_factory):
    """A real ``airflow api-server`` on a throw-away database in which two Dags have run, the one in vain."""
    home = tmp_path_factory.mktemp("production")
    (home / "dags").mkdir()
    (home / "dags" / "sales.py").write_text(DAG)
    (home / "dags" / "feed.py").write_text(FEED)
    shutil.copyfile(template(default_cache()), home / "airflow.db")
    users = "admin:admin,viewer:viewer"
    env = environment(home, home / "airflow.db") | {
        "AIRFLOW__API_AUTH__JWT_SECRET": "production signs with a long secret of its own" * 2,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": users,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
    }
    (home / "passwords.json").write_text(json.dumps({"admin": "a", "viewer": "v"}))
    subprocess.run([sys.executable, "-c", SEED, str(home / "dags")], env=env, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    airflow = Path(sys.executable).with_name("airflow")
    command = [str(airflow), "api-server", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, server, home / "server.log")
        yield Production(url, {name: _token(url, name, name[0]) for name in ("admin", "viewer")})
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def _wait(url, server, log):
    began = time.monotonic()
    while server.poll() is None and time.monotonic() - began < UP_LIMIT_S:
        try:
            return urllib.request.urlopen(f"{url}/api/v2/version", timeout=5).read()
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-3000:])


def _token(url, user, password):
    body = json.dumps({"username": user, "password": password}).encode()
    asked = urllib.request.Request(f"{url}/auth/token", body, {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(asked, timeout=30))["access_token"]
