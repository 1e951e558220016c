"""What a fork server does before the first file: import what nearly every file needs, and go through all of it once.

Whatever is imported or built at first use is then there for every child, instead of being made in each of them.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import suppress
from pathlib import Path

from harness.checks.context import CheckSelection, Declared

PRELOADED = (
    "airflow.sdk",
    "airflow.settings",
    "airflow.utils.file",
    "airflow.serialization.serialized_objects",
    "airflow.serialization.definitions.dag",
    "airflow.sdk.execution_time.context",
    "airflow.sdk.execution_time.task_runner",
    "airflow.providers.standard.operators.bash",
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.operators.python",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.providers.standard.sensors.external_task",
    "airflow.providers.standard.sensors.python",
    "airflow.timetables.trigger",
    "airflow.timetables.interval",
    "airflow.models.serialized_dag",
    "harness.bridge.stored",
    "harness.bridge.loader",
    "harness.bridge.supervisor.conversation",
    "time_machine",
)

SAMPLE = """
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Asset, TaskGroup, task

with DAG("sample", schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False, tags=["a"], params={"n": 1}):
    told = BashOperator(task_id="told", bash_command="echo {{ ds }}", retries=1, retry_delay=timedelta(minutes=1))

    @task
    def numbers():
        return [1, 2]

    @task.branch
    def way(given):
        return "group.one"

    with TaskGroup("group"):
        one = PythonOperator(task_id="one", python_callable=print, outlets=[Asset("x://y")])

    told >> way(numbers()) >> one >> BashOperator(task_id="two", bash_command="{{ ti.try_number }} {{ params.n + 1 }}")
    numbers.override(task_id="more").expand_kwargs([{}])

with DAG("sampled", schedule=[Asset("x://y")]):
    BashOperator(task_id="told", bash_command="true {{ params }}")
"""


def is_preloaded(name: str) -> bool:
    """Whether every fork server has a module: what is in `PRELOADED`, and what any Python program has."""
    top = name.partition(".")[0]
    return name.startswith(PRELOADED) or (top in sys.stdlib_module_names and top in sys.modules)


def import_airflow() -> None:
    """Import what no Dag file can do without, the repository's own settings of Airflow among it.

    Raises: what they raise.
    """
    for name in PRELOADED[:2]:
        importlib.import_module(name)


def preload(declared: Declared, selection: CheckSelection) -> None:
    """Import, then parse a small file and put it before the checks that will be asked."""
    from harness.bridge.loader import forget_dags, made_ready, modules_of, taken_from
    from harness.bridge.parsing.parse import Parsed
    from harness.bridge.parsing.watching import Users
    from harness.bridge.parsing.watching.places import Places
    from harness.checks.catalogue import load
    from harness.gate.examine import examine
    from harness.world.guess import Guesses

    load()
    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # not in this version, or a provider that is not installed
    file = Path(os.environ["AIRFLOW_HOME"]) / "sample.py"
    file.write_text(SAMPLE, encoding="utf-8")
    users, modules = Users(str(file.parent)), []  # type: ignore[var-annotated]
    parsed = Parsed(file, file.parent, Places(users), users)
    modules_of(file, modules)
    for dag, module in taken_from(modules):
        with suppress(Exception):  # a cluster policy of the repository may refuse any Dag, ours too
            parsed.dags += [dag] if made_ready(dag, module, file.parent) else []
    forget_dags()
    # Names, too, where they will be asked for: they need all services' classes, 90 ms of processor time for each child.
    examine(parsed, declared, selection, Guesses() if selection.options.get("names") else None)
    file.unlink()
