"""What files import at their top, read off their text."""

from __future__ import annotations

import pytest

from harness.project.libraries import imports_in, libraries_of, may_set

SOURCE = b"""
import pandas as pd, numpy  # both
from google.cloud import (
    bigquery,  # clients
    storage as gcs,
)
from .near import thing
from house import *
def task():
    import inside
"""


def test_names_at_the_margin():
    assert [*imports_in(SOURCE)] == [
        "pandas",
        "numpy",
        "google.cloud",
        "google.cloud.bigquery",
        "google.cloud.storage",
        ".near",
        ".near.thing",
        "house",
    ]


def test_what_several_files_import_also_through_modules_of_the_repository(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "__init__.py").write_text("import boto3\n")
    (tmp_path / "shared" / "frames.py").write_text("import pandas\n")
    texts = {"one": "import yaml\nfrom shared import frames\n", "two": "import yaml\n", "three": "import once\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
    files = [tmp_path / f"{name}.py" for name in texts]
    assert libraries_of(files, [tmp_path]) == ["boto3", "pandas", "yaml"]


@pytest.mark.parametrize(
    ("line", "sets"),
    [
        ("pd.set_option('display.width', 80)", True),
        ("pd.options.mode.copy_on_write = True", True),
        ("    pd.DataFrame.total = total", True),
        ("setup(region='eu')", True),
        ("setattr(pd, 'x', 1)", True),
        ("frame = pd.DataFrame()", False),
        ("BashOperator(task_id='a')", False),
    ],
)
def test_statements_that_may_set_something_in_a_library(line, sets):
    head = "import pandas as pd\nfrom boto3 import setup_default_session as setup\nfrom airflow.x import BashOperator\n"
    assert may_set(f"{head}{line}\n".encode(), ["pandas", "boto3", "airflow.x"]) is sets


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        ("@task\ndef load():\n    pd.set_option('a', 1)\n", False),
        ("@task.virtualenv(retries=2)\ndef load():\n    if 1:\n        pd.set_option('a', 1)\n", False),
        ("class A:\n    def b(self):\n        pd.set_option('a', 1)\nA().b()\n", True),
        ("class A:\n    def __init__(self):\n        pd.set_option('a', 1)\nA()\n", True),
        ("class A(BaseOperator):\n    def execute(self, context):\n        pd.set_option('a', 1)\n", False),
        ("@dag\ndef load():\n    pd.set_option('a', 1)\n", True),
        ("@other\n@task\ndef load():\n    pd.set_option('a', 1)\n", True),
        ("def load():\n    pd.set_option('a', 1)\nPythonOperator(task_id='a', python_callable=load)\n", False),
        ("def load():\n    pd.set_option('a', 1)\nDAG('a', on_failure_callback=load)\n", False),
        ("def load():\n    pd.set_option('a', 1)\nload()\n", True),
        ("def load():\n    pd.set_option('a', 1)\nPythonOperator(task_id='a', python_callable=load)\nload()\n", True),
        ("def load():\n    pd.set_option('a', 1)\nfor each in [load]: each()\n", True),
        (
            "with DAG('a'):\n    @task\n    def load():\n        pd.set_option('a', 1)\n    pd.set_option('b', 1)\n",
            True,
        ),
        ("def load(:\n    pd.set_option('a', 1)\n", True),
    ],
)
def test_what_a_task_sets_is_not_set_while_the_file_is_imported(text, sets):
    assert may_set(f"import pandas as pd\n{text}".encode(), ["pandas"]) is sets
