"""Who raised a warning, asked while it is recorded."""

from __future__ import annotations

import sys

_THROUGH = ("warnings", "airflow.sdk.definitions._internal.decorators")


def raiser() -> str:
    """Name of the module that raised the warning; called by a function that was put into ``warnings.showwarning``."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__") in _THROUGH:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", ""))


def is_airflows(category: type[Warning], raised_by: str) -> bool:
    """Whether a warning is Airflow's or a provider's own."""
    return category.__module__.startswith("airflow") or (
        raised_by.startswith("airflow") and issubclass(category, (DeprecationWarning, FutureWarning))
    )
