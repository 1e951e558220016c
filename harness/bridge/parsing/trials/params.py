"""Params: their defaults, and what Airflow's validation says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.bridge.versions.names import task_exception


def defaults(params: Any) -> dict[str, Any]:
    """Param -> default, of those that have one; validated or not."""
    from airflow.sdk.definitions._internal.types import NOTSET

    found = {name: getattr(param, "value", param) for name, param in (params or {}).items()}
    return {name: value for name, value in found.items() if value is not NOTSET}


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
