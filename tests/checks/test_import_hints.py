"""What is said of a file that does not import: the name that was meant, or the one that Airflow 3 has."""

from __future__ import annotations

import importlib
from importlib.metadata import version
from pathlib import Path

import pytest

from harness.bridge.airflow2 import MODULES, NAMES, provider_of, replacement
from harness.bridge.parsing.import_errors import LoadFailure, failure_of
from harness.bridge.parsing.watching import Users
from harness.checks.loading.import_error import Requirements, _install
from harness.errors import nearest

STANDARD = "apache-airflow-providers-standard"


def failure(folder: Path, text: str) -> LoadFailure:
    """What is said of a file with this text."""
    path = folder / "file.py"
    path.write_text(text)
    try:
        exec(compile(text, str(path), "exec"), {"__name__": "file"})
    except BaseException as error:
        return failure_of(path, Users(str(folder)), error, [])
    raise AssertionError("it imports")


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("from airflow.sdk import DAG\nDAG('a', schedule_interval=None)", "schedule_interval is gone.*: use schedule="),
        ("from airflow.sdk import DAG\nDAG('a', timetable=None)", "timetable is gone.*: use schedule="),
        ("from airflow.sdk import DAG\nDAG('a', concurrency=1)", "concurrency is gone.*: use max_active_tasks="),
        ("from airflow.sdk import DAG\nDAG('a', default_view='x')", "default_view is gone.*: leave it out"),
        ("from airflow.sdk import DAG\nDAG('a', fail_stop=True)", "fail_stop is gone.*: use fail_fast="),
        ("from airflow.sdk import DAG\nDAG('a', cathup=True)", "cathup: did you mean catchup=?"),
        ("from airflow.sdk import dag\n@dag(scheduel=None)\ndef a(): pass\na()", "scheduel: did you mean schedule=?"),
        (
            "from airflow.providers.standard.operators.bash import BashOperator\n"
            "BashOperator(task_id='a', bash_command='b', retry_dellay=1)",
            "retry_dellay: did you mean retry_delay=?",
        ),
        (
            "from airflow.providers.standard.operators.bash import BashOperator\n"
            "BashOperator(task_id='a', bash_comand='b')",
            "bash_comand: did you mean bash_command=?",
        ),
        (
            "from airflow.providers.standard.operators.bash import BashOperator\n"
            "BashOperator.partial(task_id='a', retires=1)",
            "retires: did you mean retries=?",
        ),
        (
            "from airflow.providers.standard.operators.bash import BashOperator\n"
            "BashOperator(task_id='a', bash_command='b', task_concurrency=1)",
            "task_concurrency is gone.*: use max_active_tis_per_dag=",
        ),
        ("from airflow.sdk import Variable\nVariable.get('a', defualt=1)", "defualt: did you mean default=?"),
        (
            "from airflow.operators.dummy_operator import DummyOperator",
            f"standard.operators.empty import EmptyOperator.*{STANDARD}",
        ),
        ("from airflow.operators.bash_operator import BashOperator", "standard.operators.bash import BashOperator"),
        (
            "from airflow.operators.python_operator import (\n    PythonOperator,\n)",
            "standard.operators.python import PythonOp",
        ),
        ("from airflow.contrib.hooks.ssh_hook import SSHHook", "providers.ssh.hooks.ssh import SSHHook.*providers-ssh"),
        ("from airflow.contrib.operators.zendesk import Z", "airflow.contrib is gone"),
        ("from airflow.utils.dates import days_ago", "a fixed start_date"),
        ("from airflow.utils.helpers import chain", "from airflow.sdk import chain"),
        ("from airflow.operators.subdag import SubDagOperator", "from airflow.sdk import TaskGroup"),
        ("from airflow.hooks.S3_hook import S3Hook", "amazon.aws.hooks.s3 import S3Hook.*providers-amazon"),
        ("from airflow.sdk import Assett", "did you mean 'Asset'?"),
        ("from . import sibling", "import from the Dag folder"),
        ("import os\nos.environ['NO_SUCH_THING']", "set NO_SUCH_THING in .env"),
        ("open('config/tables.yaml')", "Path(__file__).parent"),
        ("tables = []\nprint(tabels)", "did you mean 'tables'?"),
        ("import json\njson.dump_s({})", "did you mean 'dumps'?"),
    ],
)
def test_what_would_help(tmp_path, text, fix):
    found = failure(tmp_path, text).fix or ""
    head, _, tail = fix.partition(".*")
    assert head in found
    assert tail in found


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("import no_such_thing.deep", "no_such_thing"),
        ("import sklearn", "scikit-learn"),
        ("from decouple import config", "python-decouple"),
        ("import cv2", "opencv-python"),
        ("from google.cloud import bigquery", "google-cloud-bigquery"),
        ("from google.cloud.secretmanager_v1 import X", "google-cloud-secret-manager"),
        ("import azure.storage.blob", "azure-storage-blob"),
        ("import snowflake.connector", "snowflake-connector-python"),
        ("from airflow.providers.samba.hooks.samba import SambaHook", "apache-airflow-providers-samba"),
        ("from airflow.providers.cncf.kubernetes.operators.pod import P", "apache-airflow-providers-cncf-kubernetes"),
        ("from airflow.providers.standard.operators.nothing import N", None),
        ("from airflow.nothing import N", None),
        ("import include.gone", None),
    ],
)
def test_what_is_not_installed(tmp_path, text, package):
    (tmp_path / "include").mkdir()
    assert failure(tmp_path, text).missing == package


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("import awswrangler", "pip install awswrangler"),
        ("import house_of_cards", "install the package that brings the module 'house_of_cards', or correct the name"),
        (
            "from shared_tools.dates import first",
            "it is the repository's own src/shared_tools/dates.py: put src on PYTHONPATH",
        ),
        ("import jsson", "did you mean 'json'?"),
        ("import pandora", "install the package that brings the module 'pandora', or correct the name"),
    ],
)
def test_what_to_do_about_a_module(tmp_path, text, fix):
    (tmp_path / "src" / "shared_tools").mkdir(parents=True)
    (tmp_path / "src" / "shared_tools" / "dates.py").write_text("first = 1")
    assert failure(tmp_path, text).fix == fix


@pytest.mark.parametrize(
    ("text", "airflow", "fits"),
    [
        ("pandas==2\n", None, True),
        ("apache-airflow[postgres] == 2.9.3\npandas\n", "2.9.3", False),
        ("apache-airflow-core==2.10.0\n", "2.10.0", False),
        (f"apache-airflow=={version('apache-airflow-core')}\n", version("apache-airflow-core"), True),
        ("-c https://example.test/constraints-2.9.3/constraints-3.11.txt\npandas\n", "2.9.3", False),
        ("apache-airflow-providers-ssh==3.1.0\n", None, True),
    ],
)
def test_requirements_for_another_airflow(tmp_path, text, airflow, fits):
    file = tmp_path / "requirements.txt"
    file.write_text(text)
    found = Requirements.of(str(file))
    assert (found.airflow, found.fits) == (airflow, fits)
    fix = _install({"pandas": "pip install pandas"}, str(file))
    named = "pandas" in text
    assert fix.startswith("pip install -r " if named and fits else "pip install pandas")
    assert ("is for Airflow 2." in fix) is not fits


def test_names_that_were_not_meant_are_not_recommended():
    assert nearest("elt", ["etl", "default_pool"]) == ["etl"]
    assert nearest("etl", ["etl_main", "reporting"]) == ["etl_main"]
    assert nearest("laod", ["load", "extract"]) == ["load"]
    assert nearest("orders", ["customers", "users", "folders_old"]) == []
    assert nearest("customer_raw", ["currency_rate", "default"]) == []
    assert nearest("pandora", ["pandas", "random"]) == ["pandas"]


def test_the_line_is_the_files_own_and_where_the_users_innermost(tmp_path):
    helper = tmp_path / "helper_of_ours.py"
    helper.write_text("import json\n\n\ndef read():\n    return json.loads('{')\n")
    text = f"import sys\nsys.path.append({str(tmp_path)!r})\nimport helper_of_ours\nhelper_of_ours.read()\n"
    found = failure(tmp_path, text)
    assert (found.line, found.where) == (4, (str(helper), 5))
    assert found.message.startswith("JSONDecodeError: Expecting property name")


def test_a_syntax_error_is_where_it_is(tmp_path):
    found = failure(tmp_path, "a = 1\nb = = 2\n")
    assert (found.line, found.where) == (2, None)


@pytest.mark.parametrize("module", sorted(set(MODULES.values())))
def test_what_is_recommended_exists_where_it_is_installed(module):
    provider = provider_of(module)
    if provider in (None, STANDARD, "apache-airflow-providers-common-sql", "apache-airflow-providers-postgres"):
        if module.startswith(("airflow", "pendulum")):
            importlib.import_module(module)
    else:
        assert provider.startswith("apache-airflow-providers-")


STILL_THERE = {"airflow.utils.dates": "without the names that everybody used", "airflow.datasets": "in 3.1"}


@pytest.mark.parametrize("old", sorted(set(MODULES) - set(STILL_THERE)))
def test_what_is_called_gone_is_gone(old):
    """A module that still imports needs no advice: it warns."""
    with pytest.raises(ImportError):
        importlib.import_module(old)


def test_every_new_name_is_that_of_an_old_one():
    assert all(replacement("airflow.operators.dummy", name) for name in NAMES)
    assert replacement("airflow.sdk", "DAG") is None


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (
            "from airflow.utils.weekday import WeekDay",
            f"from airflow.providers.standard.utils.weekday import WeekDay (package {STANDARD})",
        ),
        ("from airflow.utils.weekday import Weekend", "None"),
    ],
)
def test_what_moved_to_the_standard_provider(tmp_path: Path, text: str, fix: str) -> None:
    assert str(failure(tmp_path, text).fix) == fix
