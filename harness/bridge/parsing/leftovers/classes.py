"""Functions of Airflow's own classes, to see whether a Dag file puts others in their place."""

from __future__ import annotations

import builtins
import sys
from typing import Any

globals()["__builtins__"] = dict(vars(builtins))

_WATCHED = (
    ("airflow.sdk.definitions.dag", "DAG"),
    ("airflow.sdk.definitions.taskgroup", "TaskGroup"),
    ("airflow.sdk.definitions.variable", "Variable"),
    ("airflow.sdk.definitions.connection", "Connection"),
    ("airflow.sdk.bases.operator", "BaseOperator"),
    ("airflow.sdk.bases.sensor", "BaseSensorOperator"),
    ("airflow.sdk.bases.hook", "BaseHook"),
    ("airflow.providers.standard.operators.bash", "BashOperator"),
    ("airflow.providers.standard.operators.python", "PythonOperator"),
)


class Classes:
    """What they are now, of those that are imported."""

    def __init__(self) -> None:
        modules = ((sys.modules.get(module), name) for module, name in _WATCHED)
        owners = [getattr(module, name) for module, name in modules if module is not None and hasattr(module, name)]
        self._kept = [(owner, _functions(owner)) for owner in owners]

    def replaced(self) -> list[str]:
        """Functions that are others now: ``DAG.validate``. They are left so: Airflow too would meet with them."""
        return [
            f"{owner.__name__}.{name}"
            for owner, kept in self._kept
            for name, value in kept.items()
            if vars(owner).get(name) is not value
        ]


def _functions(owner: Any) -> dict[str, Any]:
    kinds = (classmethod, staticmethod, property)
    return {name: value for name, value in vars(owner).items() if callable(value) or isinstance(value, kinds)}
