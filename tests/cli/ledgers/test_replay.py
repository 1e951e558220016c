"""``replay``: a backfill from the command line and in a test, with a database around it."""

import json
import re
import shlex
import subprocess

import pytest

from tests.cli.project import COMMAND, TIMEOUT_S

pytestmark = pytest.mark.programs

DAG = """
from datetime import datetime, timedelta
from airflow.sdk import dag, task
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator as Sql

@dag(start_date=datetime(2025, 1, 1), schedule="@daily", catchup=False)
def takings():
    make = Sql(task_id="make", conn_id="shop", split_statements=True, sql='''
        create table if not exists doubled (day text, rows int);
        create table if not exists kept (day text primary key, rows int)''')
    doubles = Sql(task_id="doubles", conn_id="shop", sql="insert into doubled values ('{{ ds }}', 1)")
    keeps = Sql(task_id="keeps", conn_id="shop", retries=1, sql="insert or replace into kept values ('{{ ds }}', 1)")
    make >> [doubles, keeps]

takings()
"""


@pytest.fixture(scope="module")
def till(shop):
    """The project, with a Dag that writes to SQLite, and a world that has it."""
    shop.write("dags/takings.py", DAG)
    shop.write("till.yaml", "connections: {shop: {service: sqlite}}\n")
    return shop


def test_a_stretch_with_what_it_came_to(till):
    arguments = ("takings", "--since", "2025-01-01", "--until", "3d", "--world", "till.yaml", "--keep", "replayed")
    answer = till("replay", *arguments)
    assert answer.code == 0, answer.err
    assert "3 created; complete at" in answer.out
    assert "table doubled: 3 rows added" in answer.out
    asked = till("sql", "replayed", "--format", "csv", "select run_type, count(*) as n from runs group by all")
    assert asked.out == "run_type,n\nbackfill,3\n"


def test_what_may_not_run_again_names_the_task_and_the_table(till):
    arguments = ("--since", "2025-01-01", "--until", "2d", "--world", "till.yaml", "--check", "idempotent", "--json")
    answer = till("replay", "takings", *arguments)
    assert answer.code == 1, answer.err
    (finding,) = json.loads(answer.out)["findings"]
    assert (finding["check"], finding["task_id"]) == ("not-idempotent", "doubles")
    assert "takings.doubles, run again: shop: table doubled: 2 rows added: {" in finding["message"]
    assert "delete the interval's rows first" in finding["fix"]


def test_a_dry_run_needs_no_service_and_runs_nothing(till):
    answer = till("replay", "takings", "--since", "2025-01-01", "--until", "2025-01-02", "--dry-run")
    assert answer.code == 0, answer.err
    assert "would be: 2 created" in answer.out
    assert answer.out.count("2025-01-01T00:00:00Z  created") == 1


def test_in_a_test(till):
    till.write(
        "tests/test_takings.py",
        """
def test_the_first_days(replay, world):
    world.set_connection("shop", service="sqlite")
    result = replay("takings", since="2025-01-01", until="2d")
    assert result.ok
    assert result.sql("select count(*) from runs where state = 'success'").fetchone() == (2,)
    again = replay("takings", since="2025-01-01", until="2025-01-02", idempotent=True)
    assert [error.task_id for error in again.errors] == ["doubles"]
    assert again.ledger != result.ledger
""",
    )
    answer = till.pytest("tests/test_takings.py", "-q")
    assert "1 passed" in answer.out, answer.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("takings", "--since", "2025-01-05", "--until", "2025-01-01"), "lies before --since"),
        (("takings", "--since", "2025-01-05", "--until", "0d"), "is no span in which a date may lie"),
        (("takings", "--since", "yesterday", "--until", "1d"), "is not an ISO 8601 date"),
        (("taking", "--since", "2025-01-01", "--until", "1d"), "did you mean 'takings'?"),
        (("--since", "2025-01-01", "--until", "1d"), "Missing argument"),
    ],
)
def test_what_cannot_be_replayed(till, arguments, said):
    answer = till("replay", *arguments)
    assert answer.code == 2
    assert said in answer.err


FRAGILE = DAG.replace("takings", "fragile").replace(
    "    make >> [doubles, keeps]",
    """
    @task
    def dies(ds):
        import os, pathlib, signal
        if ds == "2025-01-03" and pathlib.Path(os.environ["KILLS"]).exists():
            os.kill(os.getpid(), int(pathlib.Path(os.environ["KILLS"]).read_text()))

    make >> doubles >> keeps >> dies()
""",
)


@pytest.mark.parametrize(("signal", "code"), [(9, 137), (2, 130)])
def test_what_was_killed_or_interrupted_goes_on(till, signal, code):
    till.write("dags/fragile.py", FRAGILE)
    kills = till.write("kills", str(signal))
    world = till.write("fragile.yaml", f"connections: {{shop: {{service: sqlite}}}}\nenv: {{KILLS: {kills}}}\n")
    stretch = ("fragile", "--since", "2025-01-01", "--until", "5d", "--max-active-runs", "1", "--world", world)
    cut = f"cut-{signal}"
    assert till("replay", *stretch, "--ledger", cut).code == code
    kills.unlink()
    answer = till("replay", *stretch, "--ledger", cut, "--resume")
    assert answer.code == 0, answer.err
    assert "table doubled: 5 rows added" in answer.out
    assert till("replay", *stretch, "--ledger", f"whole-{signal}").code == 0
    one, other = ((till.folder / name / "journal.jsonl").read_bytes() for name in (cut, f"whole-{signal}"))
    assert one == other
    again = till("replay", *stretch, "--ledger", cut, "--resume")
    assert again.code == 2
    assert "there is nothing to resume" in again.err
    assert till("replay", *stretch, "--resume").code == 2


def test_a_trace_of_virtual_time(till):
    stretch = ("replay", "takings", "--since", "2025-01-01", "--until", "2d", "--world", "till.yaml")
    assert till(*stretch, "--trace", "trace.json").code == 0
    events = json.loads((till.folder / "trace.json").read_text())["traceEvents"]
    assert [one["name"] for one in events if one["ph"] == "X"].count("make") == 2
    answer = till("run", "takings", "--world", "till.yaml", "--trace", "nowhere/trace.json")
    assert answer.code == 2
    assert "--trace 'nowhere/trace.json'" in answer.err


def test_a_disk_that_is_full_keeps_what_there_is_and_the_command_told_goes_on(till):
    """A limit of files' sizes stands for the disk: what is beyond it is refused in the midst of a write."""
    till.write("few/takings.py", DAG)
    arguments = (
        "replay",
        "takings",
        "--dags",
        "few",
        "--since",
        "2025-01-01",
        "--until",
        "20d",
        "--world",
        "till.yaml",
    )
    command = shlex.join([str(COMMAND), *arguments, "--ledger", "full"])
    limited = ["bash", "-c", f"ulimit -f 40; exec {command}"]
    done = subprocess.run(
        limited, cwd=till.folder, env=till.environment(), capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    assert done.returncode == 74, done.stderr
    assert "the ledger full/journal.jsonl cannot be written: File too large" in done.stderr
    told = re.search(r"  again   airflow-harness (replay .* --resume)\n", done.stderr)
    assert told, done.stderr
    kept = till("sql", "full", "--format", "csv", "select count(*) as n from events").out
    assert int(kept.split()[1]) > 20
    answer = till(*shlex.split(told[1]))
    assert answer.code == 0, answer.err
    assert till("ledger", "verify", "full").code == 0
