"""``--changed-since`` tells what a change broke, wherever that stands, and not what was broken before."""

from __future__ import annotations

import subprocess

import pytest

from harness.gate.inspection import CheckOptions, inspect
from harness.project.config import read_config

pytestmark = pytest.mark.gate

DAG = """
from airflow.sdk import DAG, Asset, task
{head}
with DAG({dag_id!r}, schedule=None):
    @task(pool={pool})
    def work(): ...
    work()
"""


def dag(dag_id, pool="'etl'", head=""):
    return DAG.format(dag_id=dag_id, pool=pool, head=head)


FILES = {
    "pyproject.toml": '[tool.airflow-harness]\nworld = "world.yaml"\ndags = ["dags"]\n',
    "world.yaml": "pools: {etl: 3}\n",
    "README.md": "etl",
    "dags/unchanged.py": dag("twice"),
    "dags/red_before.py": dag("red_before", "'gone'"),
    "dags/producer.py": dag("producer"),
    "dags/waits.py": """
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG
with DAG("waits", schedule="@daily"):
    ExternalTaskSensor(task_id="wait", external_dag_id="producer")
""",
    "dags/triggers.py": """
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG
with DAG("triggers", schedule=None):
    TriggerDagRunOperator(task_id="go", trigger_dag_id="producer")
""",
    "dags/by_name.py": dag(
        "by_name", "POOL", "import importlib\nPOOL = importlib.import_module('lib.' + 'pools').POOL"
    ),
    "dags/by_text.py": dag(
        "by_text",
        "POOL",
        "from pathlib import Path\nPOOL = (Path(__file__).parent / 'lib' / 'data.py').read_text().strip('# \\n')",
    ),
    "dags/by_page.py": dag(
        "by_page", "POOL", "from pathlib import Path\nPOOL = (Path(__file__).parents[1] / 'README.md').read_text()"
    ),
    "dags/by_folder.py": dag(
        "by_folder", "POOL", "import os\nPOOL = 'etl' if 'old.py' in os.listdir(f'{__file__[:-12]}lib') else 'none'"
    ),
    "dags/lib/pools.py": "POOL = 'etl'\n",
    "dags/lib/data.py": "# etl\n",
    "dags/lib/old.py": "",
}


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def git(root, *arguments):
    own = ["-c", "user.name=a", "-c", "user.email=a@example.test"]
    subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True)


def red(root, **wanted):
    result = inspect(read_config(root), CheckOptions(ignore=("policy",), **wanted)).result
    return {(one.check, one.path.rsplit("/", 1)[1]) for one in result.findings if one.severity == "error"}


def test_what_a_change_broke_in_files_that_did_not_change(tmp_path):
    write(tmp_path, FILES)
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    before = red(tmp_path)
    assert before == {("pool-missing", "red_before.py")}
    assert red(tmp_path, changed_since="HEAD") == set()
    (tmp_path / "dags/producer.py").unlink()
    (tmp_path / "dags/lib/old.py").rename(tmp_path / "dags/lib/new.py")
    write(tmp_path, {"dags/lib/pools.py": "POOL = 'named'\n", "dags/lib/data.py": "# text\n", "README.md": "page"})
    write(tmp_path, {"dags/a_new.py": dag("twice")})
    after = red(tmp_path)
    assert after - before == {
        ("duplicate-dag-id", "unchanged.py"),
        ("external-dag", "waits.py"),
        ("external-dag", "triggers.py"),
        *(("pool-missing", f"by_{what}.py") for what in ("name", "text", "page", "folder")),
    }
    assert red(tmp_path, changed_since="HEAD") == after - before


TAXES = "from airflow.plugins_manager import AirflowPlugin\nfrom include.rates import RATE\n"


def test_a_plugin_that_a_change_broke_is_told_whatever_else_changed(tmp_path):
    head = "from include.rates import RATE\n"
    own = {"plugins/taxes.py": TAXES, "include/rates.py": "RATE = 1\n", "dags/taxed.py": dag("taxed", head=head)}
    write(tmp_path, FILES | own)
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    options = CheckOptions(select=("plugin-error", "import-error"))
    assert inspect(read_config(tmp_path), options).result.findings == ()
    write(tmp_path, {"include/rates.py": "RATES = 1\n"})
    changed = CheckOptions(select=("plugin-error", "import-error"), changed_since="HEAD")
    found = inspect(read_config(tmp_path), changed).result.findings
    assert [(one.check, one.path.rsplit("/", 1)[1], one.line) for one in found] == [
        ("import-error", "taxed.py", 3),
        ("plugin-error", "taxes.py", 2),
    ]
