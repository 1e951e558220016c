"""Params, validated as Airflow does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.bridge.names import task_exception


def without_value(params: Any) -> Iterator[tuple[str, str]]:
    """(name, why) of the params that a run without conf cannot have.

    Source: ``Param.resolve``, ``ParamsDict.validate`` (3.1 to 3.3); a default without schema is valid.
    """
    from airflow.sdk.definitions._internal.types import NOTSET

    for name, param in params.items():
        value = getattr(param, "value", param)
        if value is NOTSET:
            yield name, "has no default"
        elif getattr(param, "schema", None):
            try:
                param.resolve()
            except task_exception("ParamValidationError") as error:
                yield name, f"has an invalid default: {str(error).splitlines()[0]}"
