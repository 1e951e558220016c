"""What a process does once, so that those forked off it need not: imports, caches, a look at what is there."""

from __future__ import annotations

import gc
import importlib
import warnings
from pathlib import Path
from typing import Any

from harness.bridge.loader import forget_dags, made_ready
from harness.bridge.parsing import pollution
from harness.bridge.parsing.serialized import Unserializable, loadable, serialized
from harness.bridge.store import Store
from harness.bridge.supervisor import Supervisor
from harness.world.model import World

_OFTEN = (
    "airflow.models.serialized_dag",
    "airflow.providers.standard.operators.bash",
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.operators.python",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.providers.standard.sensors.external_task",
    "airflow.providers.standard.sensors.python",
    "airflow.sdk.execution_time.context",
    "airflow.sdk.execution_time.task_runner",
    "airflow.serialization.definitions.dag",
    "airflow.settings",
    "airflow.timetables.interval",
    "airflow.timetables.trigger",
    "airflow.utils.file",
    "harness.bridge.parsing.drivers",
    "harness.bridge.parsing.parse",
    "harness.bridge.parsing.secrets",
    "harness.checks.examine",
    "time_machine",
)


def warm_up() -> None:
    """Import what nearly every file needs, fill Airflow's caches, and keep the collector off all of it.

    Raises: ImportError, or what else it raises: Airflow does not import.
    """
    import airflow.sdk
    import airflow.serialization.serialized_objects  # noqa: F401

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _OFTEN:
            try:
                importlib.import_module(name)
            except ImportError:
                continue  # not in this version, or a provider that is not installed
        Supervisor(Store(World(), {}), lambda: None, lambda *_: None)
        stored = serialized(_sample())
        if not isinstance(stored, Unserializable):
            loadable(stored)
    forget_dags()
    gc.collect()
    gc.freeze()
    pollution.keep()


def _sample() -> Any:
    """A Dag as many are: what is looked up for it is looked up for all."""
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, TaskGroup, task

    with DAG("sample", schedule="@daily", default_args={"retries": 1}, auto_register=False) as dag:

        @task
        def made(value: int = 1) -> int:
            return value

        with TaskGroup("group"):
            ended = EmptyOperator(task_id="ended")
        made() >> BashOperator(task_id="said", bash_command="echo {{ ds }}") >> ended
        made.override(task_id="mapped").expand(value=[1, 2])
    module = type("Module", (), {"__file__": __file__})
    made_ready(dag, module, Path(__file__).parent, check_cycle=True)
    return dag
