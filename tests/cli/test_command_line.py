"""What is answered without Airflow: help, versions, and command lines that cannot mean anything."""

import json
import time

import pytest

from harness.cli.app import EXIT_CODES

OPTIONS = {"--dags", "--logical-date", "--conf", "--param", "--world", "--only", "--from-task", "--seed", "--start"}
OPTIONS |= {"--horizon", "--manual", "--alone", "--json", "--keep", "--pdb", "--verbose", "--help"}


@pytest.fixture(scope="module")
def bare(project):
    """A project whose Dag folder would fail the command if Airflow were imported before the arguments are read."""
    project.write("dags/d.py", "")
    return project


def test_help_teaches_with_examples_and_exit_codes(bare):
    root, run = bare("--help"), bare("run", "-h")
    assert root.code == run.code == 0
    assert "airflow-harness run weather_etl --logical-date 2025-01-01" in root.out
    assert set(run.out.replace(",", " ").split()) >= OPTIONS
    for line in EXIT_CODES.splitlines()[2:]:
        assert line.split(maxsplit=1)[1][:40] in root.out
        assert line.split(maxsplit=1)[1][:40] in run.out


def test_help_and_version_import_neither_airflow_nor_rich(bare):
    for argument in ("--help", "--version"):
        answer = bare(argument, PYTHONPROFILEIMPORTTIME="1")
        imported = {line.rpartition("|")[2].strip() for line in answer.err.splitlines()}
        assert "click" in imported
        assert not imported & {"airflow", "rich", "pydantic", "harness.simulation"}


def test_version_names_what_matters(bare):
    began = time.perf_counter()
    answer = bare("--version")
    assert answer.out.startswith("airflow-harness 0.")
    assert "(Airflow 3." in answer.out
    assert "Python 3." in answer.out
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "usage: Missing command"),
        (["runn"], "usage: No such command 'runn'"),
        (["run"], "usage: Missing argument 'DAG_ID'"),
        (["run", "d", "--jsn"], "usage: No such option"),
        (["run", "d", "--seed", "x"], "usage: Invalid value for '--seed'"),
        (["run", "d", "--conf", '{"a": 1,'], "usage: --conf is not valid JSON"),
        (["run", "d", "--conf", "[1]"], "usage: --conf must be a JSON object, not '[1]'"),
        (["run", "d", "--param", "city"], "usage: --param 'city' has no '='"),
        (["run", "d", "--logical-date", "yesterday"], "usage: --logical-date 'yesterday' is not an ISO 8601 date"),
        (["run", "d", "--start", "soon"], "usage: --start 'soon' is not an ISO 8601 date"),
        (
            ["run", "d", "--logical-date", "9999-12-31T23:59:59"],
            "usage: --logical-date '9999-12-31T23:59:59': 9999-12-31",
        ),
        (
            ["run", "d", "--start", "0001-01-01T00:00:00+14:00"],
            "usage: --start '0001-01-01T00:00:00+14:00': 0001-01-01",
        ),
        (["simulate", "--since", "9999-12-31", "--until", "1d"], "usage: --since '9999-12-31': 9999-12-31"),
        (["verify", "d", "--limit", "nan"], "usage: Invalid value for '--limit': nan is no number of seconds"),
        (["verify", "d", "--limit", "1e400"], "usage: Invalid value for '--limit': inf is not in the range"),
        (["run", "d", "--conf", '{"a": NaN}'], "usage: --conf is not valid JSON: NaN is no number of JSON"),
        (["run", "d", "--conf", '{"a": 1e999}'], "usage: --conf is not valid JSON: 1e999 is no number of JSON"),
        (["run", "d", "--horizon", "5 parsecs"], "usage: --horizon '5 parsecs'"),
        (["run", "d", "--only", "a", "--from-task", "b"], "usage: --only and --from-task exclude each other"),
        (["run", "d", "--pdb", "--json"], "usage: --pdb and --json exclude each other"),
        (
            ["simulate", "--since", "2025-01-01", "--until", "1d", "--pdb", "--json"],
            "usage: --pdb and --json exclude each other",
        ),
        (["run", "d", "--only", ""], "usage: --only '' names nothing"),
        (["run", "d", "--only", " , "], "usage: --only ' , ' names nothing"),
        (["run", "d", "--dags", ""], "usage: Invalid value for '--dags': '' names nothing"),
        (["check", "--select", ""], "usage: --select '' names nothing"),
        (["run", "d", "--param", "a=1", "--param", "a=2"], "usage: --param a is given twice"),
        (["run", "d", "--conf", '{"a": 1, "a": 2}'], "usage: --conf: key 'a' comes twice"),
        (["run", "nowhere.py"], "usage: there is no file nowhere.py"),
        (["run", "d", "--world", "nowhere.yaml"], "world: there is no file nowhere.yaml"),
    ],
)
def test_what_cannot_mean_anything_is_exit_code_2(bare, arguments, told):
    answer = bare(*arguments)
    assert answer.code == 2, answer.err
    assert answer.err.startswith(told)
    assert "  again   airflow-harness" in answer.err
    if "--json" in arguments:
        assert json.loads(answer.out)["error"]["id"] == "usage"
    else:
        assert answer.out == ""


def test_no_dag_folder_says_how_to_name_one(bare, tmp_path):
    answer = bare("run", "d", cwd=tmp_path)
    assert answer.code == 2
    assert answer.err.startswith(f"no-dags-folder: no Dag folder: there is no {tmp_path}/dags")
    assert "dags = [" in answer.err


def test_a_fault_of_ours_asks_for_a_report_and_shows_the_traceback_with_v(bare):
    fault = "def fail(start):\n    raise RuntimeError('unforeseen')"
    program = f"import harness.project.config\n\n\n{fault}\n\n\nharness.project.config.read_config = fail\n"
    patched = bare.write("patched/sitecustomize.py", program).parent
    short = bare("run", "d", PYTHONPATH=str(patched))
    assert short.code == 70
    assert short.err.count("\n") == 1
    assert "RuntimeError: unforeseen" in short.err
    assert "please report this" in short.err
    long = bare("run", "d", "-v", "--json", PYTHONPATH=str(patched))
    assert "in fail" in long.err
    assert json.loads(long.out)["error"]["id"] == "internal-error"
