"""A ledger in Airflow's own UI: what stands in its database, what its REST API answers, and that it is gone again."""

import json
import signal
import socket
import sqlite3
import time
from contextlib import closing, contextmanager
from importlib.util import find_spec

import httpx
import pytest

from harness.bridge.ui.read_only import REFUSED
from harness.ledger.questions import asked

pytestmark = pytest.mark.programs

ROUTES = "airflow.api_fastapi.core_api.routes.ui"
FOURTH = "scheduled__2025-01-04T00:00:00+00:00"
SECOND = "scheduled__2025-01-02T00:00:00+00:00"


@pytest.fixture
def rows(shown):
    """What a question to the metadata database is answered with."""

    def found(question):
        with closing(sqlite3.connect(f"file:{shown.home / 'airflow.db'}?mode=ro", uri=True)) as connection:
            return connection.execute(question).fetchall()

    return found


@contextmanager
def client_of(url):
    """A browser's session: Airflow 3.1 has its pages log in, with no password, before they ask anything."""
    with httpx.Client(base_url=url, timeout=60, follow_redirects=True) as client:
        client.get("auth/token/login")
        yield client


@pytest.fixture(scope="package")
def client(shown):
    with client_of(shown.url) as found:
        yield found


@pytest.fixture
def get(client):
    """What the API answers, as its document."""

    def found(path, **parameters):
        answer = client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return found


def test_the_database_has_what_the_ledger_tells(shop, shown, rows):
    january = [shop.folder / "january"]
    told = dict(asked(january, "select state, count(*) from runs group by all").fetchall())
    assert dict(rows("select state, count(*) from dag_run group by state")) == told
    assert told == {"success": 15, "failed": 1, "running": 1}
    (tries,) = asked(january, "select count(distinct (dag_id, run_id, task_id, map_index, try_number)) from attempts "
                     "where state not in ('up_for_reschedule', 'deferred')").fetchone()  # fmt: skip
    ((present,),) = rows("select count(*) from task_instance where state in ('success', 'failed')")
    ((past,),) = rows("select count(*) from task_instance_history")
    assert present + past == tries
    assert past == 8
    assert rows("select distinct state, try_number from task_instance_history") == [("failed", 1)]
    kept = rows("select duration, pool, operator, custom_operator_name, max_tries from task_instance_history limit 1")
    assert kept == [(600.0, "etl", "_PythonDecoratedOperator", "@task", 2)]
    assert rows("select pool, slots from slot_pool order by pool") == [("default_pool", 128), ("etl", 2)]
    assert shown.written.instances == rows("select count(*) from task_instance")[0][0]
    assert shown.written.drawn == {}


def test_durations_and_waits_are_those_of_virtual_time(rows):
    times = rows(f"select start_date, end_date, queued_dttm, duration from task_instance where task_id = 'load' "
                 f"and run_id = '{SECOND}'")  # fmt: skip
    start = "2025-01-02 00:25:00.000000"
    assert times == [(start, "2025-01-02 00:28:00.000000", start, 180.0)]
    ran = rows(f"select start_date, end_date, queued_at from dag_run where dag_id = 'sales' and run_id = '{SECOND}'")
    start = "2025-01-02 00:00:00.000000"
    assert ran == [(start, "2025-01-02 00:28:00.000000", start)]


def test_what_the_views_ask_for(get):
    grid = get("/ui/grid/structure/sales")
    assert [one["id"] for one in grid] == ["extract", "shape", "wait", "load", "say"]
    assert [one["state"] for one in get("/ui/grid/runs/sales")][4:6] == ["failed", "success"]
    graph = get("/ui/structure/structure_data", dag_id="sales")
    assert {(one["source_id"], one["target_id"]) for one in graph["edges"]} >= {("wait", "load"), ("load", "say")}
    year = {"logical_date_gte": "2025-01-01T00:00:00Z", "logical_date_lte": "2025-01-31T00:00:00Z"}
    days = get("/ui/calendar/sales", granularity="daily", **year)["dag_runs"]
    assert [one["state"] for one in days][:8] == [*["success"] * 3, "failed", *["success"] * 3, "running"]
    if find_spec(f"{ROUTES}.gantt"):  # earlier the page put it together of what follows
        bars = get(f"/ui/gantt/sales/{FOURTH}")["task_instances"]
        assert [one["try_number"] for one in bars if one["task_id"] == "extract"] == [1, 2]
    tries = get(f"/api/v2/dags/sales/dagRuns/{FOURTH}/taskInstances/extract/tries")["task_instances"]
    assert [(one["try_number"], one["state"], one["duration"]) for one in tries] == [
        (1, "failed", 600),
        (2, "success", 600),
    ]


def test_logs_xcoms_rendered_fields_assets_and_code(get):
    run = f"/api/v2/dags/sales/dagRuns/{SECOND}/taskInstances"
    log = get(f"{run}/extract/logs/1", full_content=True)["content"]
    assert [(one.get("level"), one["event"]) for one in log][-2:] == [
        ("info", "reads the feed"),
        ("error", "Task failed with exception\nConnectionError: feed is down"),
    ]
    xcom = get(f"{run}/load/xcomEntries/return_value")["value"]
    found = json.loads(xcom) if isinstance(xcom, str) else xcom
    assert found == {"rows": 3, "day": "2025-01-02", "password": "***"}
    assert get(f"{run}/say")["rendered_fields"]["bash_command"] == "echo 2025-01-02"
    assert [one["map_index"] for one in get(f"{run}/shape.clean/listMapped")["task_instances"]] == [0, 1, 2]
    events = get("/api/v2/assets/events")["asset_events"]
    assert {(one["source_dag_id"], one["source_task_id"]) for one in events} == {("sales", "load")}
    assert len(events) == 7
    assert "def extract" in get("/api/v2/dagSources/sales")["content"]
    assert [one["version_number"] for one in get("/api/v2/dags/sales/dagVersions")["dag_versions"]] == [1]


def test_which_asset_events_made_a_run(get):
    made = {one["dag_run_id"]: one for one in get("/api/v2/dags/report/dagRuns")["dag_runs"]}
    events = get("/api/v2/assets/events")["asset_events"]
    of = {one["created_dagruns"][0]["run_id"]: one["source_run_id"] for one in events}
    assert set(of) == set(made)
    (event,) = get(f"/api/v2/dags/report/dagRuns/{min(made)}/upstreamAssetEvents")["asset_events"]
    assert (event["source_dag_id"], event["source_task_id"], event["source_run_id"]) == (
        "sales",
        "load",
        "scheduled__2025-01-01T00:00:00+00:00",
    )


def test_a_backfill_and_its_runs(get):
    (told,) = get("/ui/backfills", dag_id="sales")["backfills"]
    assert (told["from_date"], told["to_date"]) == ("2024-12-31T00:00:00Z", "2024-12-31T00:00:00Z")
    assert (told["created_at"], told["completed_at"]) == ("2025-01-05T12:00:00Z", "2025-01-05T12:28:00Z")
    runs = {one["dag_run_id"]: one for one in get("/api/v2/dags/sales/dagRuns")["dag_runs"]}
    of = [(name, one["triggered_by"]) for name, one in runs.items() if one["run_type"] == "backfill"]
    assert of == [("backfill__2024-12-31T00:00:00+00:00", "backfill")]


@pytest.mark.skipif(not find_spec(f"{ROUTES}.deadlines"), reason="this Airflow shows no deadlines")
def test_deadlines_that_were_missed_and_that_are_left(get):
    """One that was met leaves nothing, as in Airflow, whose pages say of a Dag with deadlines that it was."""
    told = get("/ui/dags/sales/dagRuns/~/deadlines", order_by="deadline_time")["deadlines"]
    assert [(one["dag_run_id"], one["deadline_time"], one["missed"]) for one in told] == [
        ("backfill__2024-12-31T00:00:00+00:00", "2025-01-01T00:00:00Z", True),
        (FOURTH, "2025-01-05T00:00:00Z", True),
        ("scheduled__2025-01-08T00:00:00+00:00", "2025-01-09T00:00:00Z", False),
    ]
    (alert,) = get("/ui/dags/sales/deadlineAlerts")["deadline_alerts"]
    assert {one["alert_id"] for one in told} == {alert["id"]}


def test_the_log_of_names_as_long_as_there_are(get):
    dag_id, task_id = "d" * 250, "ä" * 250
    (run,) = get(f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"]
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run['dag_run_id']}/taskInstances/{task_id}/logs/1"
    log = get(path, full_content=True)["content"]
    assert "of a long name" in [one["event"] for one in log]


def test_its_present_is_the_end_of_the_ledger(get, client):
    last = get("/ui/grid/runs/sales")[-1]
    assert last["state"] == "running"
    assert 0 <= last["duration"] < 3600
    page = client.get("dags/sales", headers={"accept": "text/html"}).text
    assert "shift = 1736294400000 - " in page  # 2025-01-08


def test_nothing_can_be_changed(client, rows):
    for method, path in (("POST", "dags/sales/dagRuns"), ("PATCH", "dags/sales"), ("DELETE", "dags/sales")):
        answer = client.request(method, f"api/v2/{path}")
        assert (answer.status_code, answer.json()["detail"]) == (403, REFUSED)
    assert rows("select count(*) from dag where is_paused") == [(0,)]
    listed = client.post("api/v2/dags/~/dagRuns/list", json={"dag_ids": ["sales"]})
    assert (listed.status_code, listed.json()["total_entries"]) == (200, 9)
    assert client.get("api/v2/dags", headers={"host": "evil.example"}).status_code == 403


@contextmanager
def started(project, *arguments):
    """A command that runs, and is gone when a test fails meanwhile."""
    with project.start(*arguments) as running:
        try:
            yield running
        finally:
            running.kill()


def url_of(process, limit_s=240):
    """The address that a command prints once it serves."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        if "in Airflow's UI: " in line:
            return line.rpartition(" ")[2].strip()
        assert line, process.stderr.read()
    raise AssertionError("no address")


def gone(folder, scratch_folders, limit_s=60):
    """Whether no server's folder is left before long."""
    deadline = time.monotonic() + limit_s
    while scratch_folders(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not scratch_folders(folder)


def serves(url):
    try:
        return httpx.get(f"{url}api/v2/version", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def test_a_command_that_is_killed_takes_its_server_with_it(shop, scratch_folders):
    before = shop.fingerprint()
    with started(shop, "ui", "january") as running:
        url = url_of(running)
        assert serves(url)
        assert scratch_folders(shop.temporary)
        running.kill()
    assert gone(shop.temporary, scratch_folders)
    assert not serves(url)
    assert shop.fingerprint() == before


def test_a_run_is_shown_at_its_end_until_ctrl_c(shop, scratch_folders):
    with started(shop, "run", "sales", "--logical-date", "2025-02-04", "--ui") as running:
        url = url_of(running)
        with client_of(url) as client:
            found = client.get("api/v2/dags/sales/dagRuns").json()["dag_runs"]
        assert [(one["logical_date"], one["state"]) for one in found] == [("2025-02-04T00:00:00Z", "success")]
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    assert running.returncode == 130, err
    assert "ended; the throw-away database is gone" in out
    assert scratch_folders(shop.temporary) == []


@pytest.fixture
def taken():
    """A port on which somebody listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_is_taken(shop, taken):
    answer = shop("ui", "january", "--port", taken)
    assert answer.code == 2
    assert answer.err.startswith(f"usage: port {taken} of 127.0.0.1 cannot be had: Address already in use")
    assert "another with --port" in answer.err


def test_no_browser(shop):
    answer = shop("ui", "january", "--open", PATH="/nonexistent", BROWSER="")
    assert (answer.code, answer.err.splitlines()[0]) == (2, "usage: there is no browser here that --open could open")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [lines[0], lines[2], *lines[3:]], "the record does not follow from the one before"),
        (
            lambda lines: ['{"kind":"header","n":0,"schema":"another/1","hash":"0"}\n'],
            "is no journal of airflow-harness",
        ),
        (lambda lines: ["a,b\n"], "its first line is no record of a journal"),
    ],
)
def test_a_ledger_that_is_damaged_or_none_of_ours(shop, change, said):
    broken = shop.folder / "broken"
    broken.mkdir(exist_ok=True)
    lines = (shop.folder / "january" / "journal.jsonl").read_text().splitlines(keepends=True)
    (broken / "journal.jsonl").write_text("".join(change(lines)))
    answer = shop("ui", "broken")
    assert answer.code == 2
    assert answer.err.startswith("ledger: ")
    assert said in answer.err


def test_one_that_is_not_there(shop):
    answer = shop("ui", "february")
    assert (answer.code, answer.err.splitlines()[0]) == (2, "ledger: there is no ledger 'february'")
