"""Repositories as they are, through the gate: what production brings beside the Dag folder is there."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from harness.gate.check_result import GateResult
from tests.hostile.cases import gate

pytestmark = pytest.mark.gate

PLUGIN = """
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.trigger import CronTriggerTimetable


class AfterWork(CronTriggerTimetable):
    @classmethod
    def deserialize(cls, data):
        return cls("0 18 * * *", timezone="UTC")


class Own(AirflowPlugin):
    name = "own"
    timetables = [AfterWork]
    macros = [len]
"""
POLICY = """
from airflow.exceptions import AirflowClusterPolicySkipDag, AirflowClusterPolicyViolation

from policy_words import FORBIDDEN


def dag_policy(dag):
    if FORBIDDEN in dag.tags:
        raise AirflowClusterPolicyViolation(f"{dag.dag_id} is tagged {FORBIDDEN}")
    if "sleeping" in dag.tags:
        raise AirflowClusterPolicySkipDag


def task_policy(task):
    task.retries = 7
"""
PLAIN = {
    "dags/timetable.py": """
from airflow.sdk import DAG
from own_timetable import AfterWork

with DAG("timetable", schedule=AfterWork("0 18 * * *", timezone="UTC")):
    pass
""",
    "dags/helpers/__init__.py": "",
    "dags/helpers/tables.py": "TABLES = ['a']",
    "dags/package/__init__.py": "",
    "dags/package/inside.py": """
from airflow.sdk import DAG
from helpers.tables import TABLES
from include.words import WORD
from package import other

with DAG("inside_a_package", schedule=None, tags=[*TABLES, WORD, other.WORD]):
    pass
""",
    "dags/package/other.py": "WORD = 'other'",
    "dags/surroundings.py": """
import os
from pathlib import Path

from airflow.configuration import conf
from airflow.sdk import DAG

QUERY = Path(os.environ["AIRFLOW_HOME"], "include", "query.sql").read_text()
FOLDER = Path(conf.get("core", "dags_folder"))
assert (FOLDER / "surroundings.py").exists()
assert conf.get("company", "url") == "http://company.example"
assert os.environ["STAGE"] == "production"

with DAG("surroundings", schedule=None, doc_md=QUERY):
    pass
""",
    "dags/forbidden.py": """
from airflow.sdk import DAG

with DAG("forbidden", schedule=None, tags=["secret"]):
    pass
""",
    "dags/sleeping.py": """
from airflow.sdk import DAG

with DAG("asleep", schedule=None, tags=["sleeping"]):
    pass
""",
    "dags/retried.py": """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("retried", schedule=None):
    EmptyOperator(task_id="only")
""",
    "include/__init__.py": "",
    "include/words.py": "WORD = 'word'",
    "include/query.sql": "SELECT 1",
    "plugins/own_timetable.py": PLUGIN,
    "config/airflow_local_settings.py": POLICY,
    "config/policy_words.py": "FORBIDDEN = 'secret'",
    "airflow.cfg": "[company]\nurl = http://company.example\n[database]\nsql_alchemy_conn = postgres://db/airflow\n",
    ".env": "STAGE=production\n",
}


USES = """
from airflow.sdk import DAG
from helper import NAME

with DAG(NAME, schedule=None):
    pass
"""


def grow(root: Path, tree: dict[str, str]) -> Path:
    for name, text in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def said(result: GateResult) -> list[tuple[str, str, str]]:
    return [(Path(one.path or "").name, one.check, one.message) for one in result.findings]


def test_a_plain_project(tmp_path):
    root = grow(tmp_path, PLAIN)
    with zipfile.ZipFile(root / "dags" / "packed.zip", "w") as archive:
        archive.writestr("in_zip.py", USES.replace("helper", "zipped"))
        archive.writestr("zipped/__init__.py", "NAME = 'in_an_archive'")
    result = gate(root, once=True)
    violation = "AirflowClusterPolicyViolation: forbidden is tagged secret"
    assert said(result) == [("forbidden.py", "import-error", violation)]
    assert result.findings[0].line == 4
    assert sorted(dag_id for file in result.files for dag_id in file.dag_ids) == [
        "in_an_archive",
        "inside_a_package",
        "retried",
        "surroundings",
        "timetable",
    ]


def test_an_astro_project(tmp_path):
    settings = "airflow:\n  variables:\n    - variable_name: region\n      variable_value: north\n"
    tree = {
        "airflow_settings.yaml": settings,
        "include/names.py": "NAME = 'of_include'",
        "dags/common/__init__.py": "",
        "dags/common/names.py": "NAME = 'of_dags'",
        "dags/uses.py": """
from airflow.sdk import DAG, Variable
from dags.common.names import NAME
from include.names import NAME as OTHER

assert (NAME, OTHER) == ("of_dags", "of_include")

with DAG("astro_" + Variable.get("region"), schedule=None):
    pass
""",
    }
    result = gate(grow(tmp_path, tree) / "dags", once=True)
    assert [file.dag_ids for file in result.files] == [("astro_north",)]
    assert [(file, check) for file, check, _ in said(result)] == [("uses.py", "top-level-secrets")]


def test_bundles_have_modules_of_one_name(tmp_path):
    classpath = "airflow.dag_processing.bundles.local.LocalDagBundle"
    bundles = [{"name": n, "classpath": classpath, "kwargs": {"path": str(tmp_path / n)}} for n in ("one", "two")]
    tree = {"airflow.cfg": f"[dag_processor]\ndag_bundle_config_list = {json.dumps(bundles)}\n"}
    for name in ("one", "two"):
        tree[f"{name}/helper.py"] = f"NAME = 'of_bundle_{name}'"
        tree[f"{name}/uses.py"] = USES
    result = gate(grow(tmp_path, tree), once=True)
    assert [file.dag_ids for file in result.files] == [("of_bundle_one",), ("of_bundle_two",)]
    assert said(result) == []


@pytest.mark.parametrize("requirements", [False, True])
def test_missing_packages_are_told_once(tmp_path, requirements):
    tree = {f"dags/a{n}.py": "from airflow.sdk import DAG\nimport no_such_package.deep\n" for n in range(5)}
    tree |= {
        "dags/b.py": "from airflow.sdk import DAG\nfrom airflow.providers.samba.hooks.samba import SambaHook\n",
        "dags/c.py": "from airflow.sdk import DAG\nimport helper\n",
        "helper.py": "import no_such_package",
    }
    if requirements:
        tree["requirements.txt"] = "no-such-package\napache-airflow-providers-samba>=4\n"
    result = gate(grow(tmp_path, tree) / "dags", once=True)
    (finding,) = result.findings
    assert finding.message == (
        "2 packages are not installed here: apache-airflow-providers-samba (1 file), no_such_package (6 files)"
    )
    assert (Path(finding.path or "").name, finding.line) == ("a0.py", 2)
    wanted = f"pip install -r {tmp_path / 'requirements.txt'}" if requirements else None
    unsure = "install the package that brings the module 'no_such_package', or correct the name"
    assert finding.fix == (wanted or f"pip install apache-airflow-providers-samba; {unsure}")
    assert all(file.failed for file in result.files)
    assert result.count("error") == 1
