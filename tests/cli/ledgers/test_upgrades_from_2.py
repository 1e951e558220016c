"""``diff --python`` with an Airflow 2: the same Dags there and here, in the spelling of each."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.cli import airflow2
from harness.errors import NotSimulated
from harness.ledger.reading import verify
from tests.cli.project import Project

from .both_spellings import THREE, TWO, spelt

RUN = ("diff", "HEAD", ".", "--since", "2025-01-01T12:00Z", "--until", "2025-01-03T12:00Z", "--world", "world.yaml")
INTERVALS = "[scheduler]\ncreate_cron_data_intervals = True\ncreate_delta_data_intervals = True\n"
CONSTRAINTS = Path(__file__).parents[2] / "constraints" / "airflow-2.11.txt"


@pytest.fixture
def moved(tmp_path):
    """A repository whose last commit is spelt as in Airflow 2, and its working tree as in Airflow 3."""
    project = Project(tmp_path)
    for name, text in {**spelt(TWO), "world.yaml": "connections: {till: {service: sqlite}}\n"}.items():
        project.write(name, text)
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "as in Airflow 2")):
        subprocess.run([*git, *arguments], cwd=project.folder, check=True)
    for name, text in spelt(THREE).items():
        project.write(name, text)
    return project


def told(answer):
    """(area, what, change, subject, field) of all changes."""
    return {
        (area["area"], one["what"], one["change"], one["subject"], one["field"])
        for area in json.loads(answer.out)["areas"]
        for one in area["changes"]
    }


@pytest.fixture(scope="session")
def airflow_2(tmp_path_factory):
    """The interpreter of an Airflow 2.11, made for the tests unless one is named."""
    named = os.environ.get("AIRFLOW_HARNESS_TEST_AIRFLOW_2")
    if named:
        return Path(named)
    folder = tmp_path_factory.mktemp("airflow2")
    packages = ("apache-airflow==2.11.*", "apache-airflow-providers-sqlite")
    subprocess.run(["uv", "venv", "-q", "-p", "3.12", str(folder)], check=True)
    python = folder / "bin" / "python"
    command = ["uv", "pip", "install", "-q", "--compile-bytecode", "-p", str(python), "-c", str(CONSTRAINTS), *packages]
    subprocess.run(command, check=True)
    return python


@pytest.mark.nightly
def test_five_dags_in_both_spellings(moved, airflow_2):
    """Schedules name other dates in Airflow 3, unless a setting keeps them; what is left is Airflow's own."""
    found = told(moved(*RUN, "--python", str(airflow_2), "--format", "json"))
    dags = ("orders", "prices", "sales", "shop", "takings")
    for dag_id in dags:
        moves = ("schedule", "run", "changed", dag_id, "data_interval_end") in found
        assert moves is (dag_id != "prices")  # a span counts from another instant, so that no date of it is in both
        assert {("states", "run", change, dag_id, None) for change in ("added", "removed")} <= found
    moved.write("airflow.cfg", INTERVALS)
    answer = moved(*RUN, "--python", str(airflow_2), "--format", "json", "--keep", "kept")
    assert told(answer) == {
        ("xcoms", "xcom", "removed", "prices.fetch", "pipeline_outlets"),
        ("xcoms", "xcom", "removed", "orders.which", "return_value"),
        ("xcoms", "xcom", "changed", "shop.tell", "return_value"),  # a run's id has another date
        ("rendered_fields", "rendered field", "changed", "shop.tell", "bash_command"),
        ("rendered_fields", "rendered field", "changed", "prices.count", "op_args"),
    }
    columns = "dag_id, task_id, state, max(try_number) as tries, count(*) as n"
    asked = f"select {columns} from task_instances group by all order by all"
    both = [moved("sql", f"kept/{side}", asked, "--format", "csv").out for side in "ab"]
    assert both[0] == both[1]
    assert "sales,load,success,2,2" in both[0]
    assert moved("ledger", "verify", "kept/a").code == 0


FAKE = """#!{python}
import json, os, shutil, sys, time
if sys.argv[1] == "-c":
    print(json.dumps({{"airflow-harness": None, "apache-airflow-core": None, "apache-airflow": "2.11.2"}}))
else:
    asked = json.load(open(sys.argv[2]))
    asked["env"] = {{name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_")}}
    json.dump(asked, open({asked!r}, "w"))
    if {fails!r}:
        sys.exit("ImportError: no module named _sqlite3")
    shutil.copyfile({answers!r}, sys.argv[3])
    time.sleep({hangs_s!r})
"""


def run_of(**more):
    """What Airflow 2 tells of a run of ``sales``, as the program that runs in it writes it down."""
    at = "2025-01-02T00:00:10+00:00"
    tried = {"start_date": at, "end_date": at}
    extract = {"task_id": "extract", "map_index": -1, "state": "success", "try_number": 1, **tried}
    load = {"task_id": "load", "map_index": -1, "state": "success", "try_number": 2, **tried}
    return {
        "dag_id": "sales",
        "run_id": "scheduled__2025-01-02T00:00:00+00:00",
        "run_type": "scheduled",
        "logical_date": "2025-01-02T00:00:00+00:00",
        "data_interval_start": "2025-01-02T00:00:00+00:00",
        "data_interval_end": "2025-01-02T00:00:00+00:00",
        "run_after": "2025-01-02T00:00:00+00:00",
        "conf": {},
        "state": "success",
        **tried,
        "problem": None,
        "instances": [
            {**extract, "rendered_fields": {"op_args": "()"}, "tries": [{**extract}]},
            {**load, "rendered_fields": {}, "tries": [{**load, "try_number": 1, "state": "failed"}, load]},
        ],
        "xcoms": [{"task_id": "load", "map_index": -1, "key": "return_value", "timestamp": at, "value": "sesame"}],
        **more,
    }


@pytest.fixture
def fake(moved):
    """``fake(lines, fails=False, hangs_s=0)``: an interpreter that answers as an Airflow 2 that told these lines."""

    def made(*lines, fails=False, hangs_s=0):
        answers, asked = moved.folder / "answers.jsonl", moved.folder / "asked.json"
        answers.write_text("".join(json.dumps(line) + "\n" for line in lines))
        python = moved.folder / "python2"
        given = {"answers": str(answers), "asked": str(asked), "fails": fails, "hangs_s": hangs_s}
        python.write_text(FAKE.format(python=sys.executable, **given))
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        return ("--python", str(python)), asked

    moved.write(
        "world.yaml",
        "connections: {till: {service: sqlite}, api: {conn_type: http, host: h, password: sesame}}\npools: {etl: 3}\n",
    )
    return made


@pytest.mark.programs
def test_an_airflow_2_that_is_killed_while_it_tells_is_an_error(moved, fake):
    python, _ = fake({"run": run_of()})
    with (moved.folder / "answers.jsonl").open("a") as answers:
        answers.write('{"run": {"dag_id": "sal')
    answer = moved(*RUN, *python)
    assert answer.code != 0
    assert "could not be run" in answer.err, answer.err


@pytest.mark.programs
def test_what_an_airflow_2_tells_is_a_ledger(moved, fake):
    shown = {"task_id": "load", "trigger_rule": "all_success", "retries": 1, "pool": "etl", "pool_slots": 1}
    tasks = [{**shown, "operator": "x", "downstream": [], "queue": "default", "executor": None}]
    refused = {"not_begun": "scheduled__2025-01-03", "dag_id": "sales", "why": "ParamValidationError: sesame"}
    lines = [{"dag": "sales", "tasks": tasks}, {"run": run_of()}, {"not_imported": "/x/old.py", "why": "gone"}, refused]
    python, asked = fake(*lines, {"end": True})
    answer = moved(*RUN, *python, "--dag", "sales", "--format", "json", "--keep", "kept")
    assert answer.code == 1, answer.err
    found = json.loads(answer.out)
    assert found["a"]["name"].endswith("(Airflow 2.11.2)")
    assert any("old.py does not import: gone" in note for note in found["notes"])
    refusal = "sales scheduled__2025-01-03 did not begin: ParamValidationError: ***"
    assert any(refusal in note for note in found["notes"])
    assert {"durations", "findings"} <= set(found["ignored"])
    asked_for = "select task_id, max(try_number) as tries, count(*) as n from attempts group by all order by all"
    assert moved("sql", "kept/a", asked_for, "--format", "csv").out == "task_id,tries,n\nextract,1,1\nload,2,2\n"
    assert moved("sql", "kept/a", "select value from xcoms", "--format", "csv").out.splitlines()[1:] == ['"""***"""']
    given = json.loads(asked.read_text())
    assert (given["dag_ids"], given["pools"]["etl"], given["is_replay"]) == (["sales"], 3, False)
    assert given["since"] == "2025-01-01T12:00:00+00:00"
    assert json.loads(given["env"]["AIRFLOW_CONN_TILL"])["conn_type"] == "sqlite"
    assert given["env"]["AIRFLOW__CORE__DAGS_FOLDER"] == given["dags"][0] != str(moved.folder / "dags")  # the commit's


@pytest.mark.programs
def test_one_that_ends_before_its_end_is_told_with_its_last_words(moved, fake):
    for lines, fails, said in (
        ((), True, "no module named _sqlite3"),
        (({"run": run_of()},), False, "could not be run"),
    ):
        python, _ = fake(*lines, fails=fails)
        answer = moved(*RUN, *python)
        assert (answer.code, said in answer.err) == (2, True), answer.err


@pytest.mark.programs
@pytest.mark.parametrize("has_told_all", [False, True])
def test_one_that_does_not_end_is_ended(moved, fake, tmp_path, monkeypatch, has_told_all):
    """A Dag file that waits while it is imported; a thread that a task left, when all is told."""
    (_, python), _ = fake({"run": run_of()}, *[{"end": True}] * has_told_all, hangs_s=300)
    monkeypatch.setattr(airflow2, "SILENCE_S", 1.5)
    monkeypatch.setattr(airflow2, "_PATIENCE_S", 1)
    asked = airflow2.SideRuns("2025-01-01T12:00:00+00:00", "2025-01-03T12:00:00+00:00")
    ledger = tmp_path / "told"
    runs = airflow2.Airflow2Runs("main", Path(python), "2.11.2", asked, moved.folder, ledger, tmp_path / "airflow2")
    runs.start()
    try:
        if has_told_all:
            runs.finished()
            assert verify(ledger / "journal.jsonl") > 5
        else:
            with pytest.raises(NotSimulated, match=r"it said nothing for 1\.5 s, and was ended"):
                runs.finished()
    finally:
        runs.end()
    assert not [one for one in psutil.Process().children() if python in one.cmdline()]


@pytest.mark.programs
def test_a_ledger_is_not_run_in_an_airflow_2(moved, fake):
    python, _ = fake()
    from harness.ledger.journal import FileJournal

    FileJournal(moved.folder / "ours").close()
    answer = moved("diff", "ours", ".", "--since", "2025-01-01", "--until", "1d", *python)
    assert (answer.code, "--python simulates A, which is a ledger" in answer.err) == (2, True), answer.err
