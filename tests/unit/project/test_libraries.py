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
