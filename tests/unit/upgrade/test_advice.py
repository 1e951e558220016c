"""What is recommended is public, and there."""

import importlib

import pytest

from harness.bridge.airflow2 import MODULES
from harness.upgrade import advice

PUBLIC = {"DAG", "BaseHook", "chain", "conf"}


@pytest.mark.parametrize(
    ("name", "words", "instead"),
    [
        ("airflow.utils.dates.days_ago", "gone", "a fixed start_date"),
        (
            "airflow.hooks.base.BaseHook",
            "Please use `'airflow.sdk.bases.hook.BaseHook'`.",
            "from airflow.sdk import BaseHook",
        ),
        ("airflow.x.y", "Please use `'airflow.sdk.definitions._internal.y'`.", None),
        ("airflow.x.y", "Please use `'airflow.models.renamed.y'`.", None),
        ("airflow.models.dag.DAG", "moved", "from airflow.sdk import DAG"),
        ("airflow.utils.db.create_session", "gone", "tasks cannot reach the metadata database"),
        ("airflow.old.conf", "gone", None),
    ],
)
def test_nothing_private_is_recommended(name, words, instead):
    found = advice.of_import(name, words, PUBLIC, {})
    assert found is None if instead is None else found.startswith(instead)


def test_ruff_knows_where_names_of_providers_went():
    moved = advice.moved_by_ruff(["airflow.hooks.pig_hook.PigCliHook", "airflow.operators.hive_operator.HiveOperator"])
    assert moved["airflow.operators.hive_operator.HiveOperator"].startswith("airflow.providers.apache.hive.")


def test_modules_of_the_task_sdk_that_are_recommended_exist():
    for module in {new for new in MODULES.values() if new.startswith(("airflow.sdk", "airflow.providers.standard"))}:
        importlib.import_module(module)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("airflow.utils.weekday.WeekDay", "from airflow.providers.standard.utils.weekday import WeekDay"),
        ("airflow.utils.weekday", "from airflow.providers.standard.utils import weekday"),
        ("airflow.models.skipmixin.SkipMixin", "from airflow.providers.standard.utils.skipmixin import SkipMixin"),
        (
            "airflow.utils.python_virtualenv.prepare_virtualenv",
            "from airflow.providers.standard.utils.python_virtualenv import prepare_virtualenv",
        ),
        ("airflow.hooks.subprocess.SubprocessHook", "from airflow.providers.standard.hooks.subprocess import"),
        ("airflow.hooks.old.SubprocessHook", "from airflow.providers.standard.hooks.subprocess import SubprocessHook"),
        ("airflow.utils.python_virtualenv.nothing", None),
        ("airflow.utils.bash", None),
        ("mine.utils.weekday.WeekDay", None),
    ],
)
def test_what_the_standard_provider_has_is_recommended_and_there(name, instead):
    found = advice.of_import(name, "gone", PUBLIC, {})
    assert found is None if instead is None else found.startswith(instead)
    if found is not None:
        _, module, _, leaf, *package = found.split()
        assert hasattr(importlib.import_module(module), leaf) or importlib.import_module(f"{module}.{leaf}")
        assert package == ["(package", "apache-airflow-providers-standard)"]
