"""Settings that lead out of a simulation: to production's secrets, its metrics and traces, its logs. No Airflow import.

The world answers in the secrets' place; of what else they name nothing may hear of a rehearsal.
"""

from __future__ import annotations

from collections.abc import Iterable

"""Connections and variables of whoever runs us."""

_SECTIONS = frozenset({"DATADOG", "METRICS", "OPENLINEAGE", "SECRETS", "SENTRY", "TRACES"})
_KEYS = {
    "LOGGING": ("REMOTE_", "LOGGING_CONFIG_CLASS", "GOOGLE_KEY_PATH"),
    "WORKERS": ("SECRETS_BACKEND",),
    "SCHEDULER": ("STATSD_",),
}
"""Section -> how those of its keys begin that lead outside."""

_ELSEWHERE = ("OPENLINEAGE_", "OTEL_", "SENTRY_")
"""Variables by which libraries, not Airflow, know where to report to."""

_INDIRECT = ("_CMD", "_SECRET")
"""Endings of settings whose value a command or a secrets backend gives."""


def leads_outside(variable: str) -> bool:
    """Whether a variable of the environment sets up what leads outside.

    Source: ``AirflowConfigParser._env_var_name`` (3.3.2), with ``TEAM___SECTION__KEY`` for a team's own.
    """
    if variable.startswith(_ELSEWHERE):
        return True
    if not variable.startswith("AIRFLOW__"):
        return False
    section, _, key = variable.removeprefix("AIRFLOW__").rpartition("___")[2].partition("__")
    return section in _SECTIONS or key.startswith(_KEYS.get(section, ("\0",))) or key.endswith(_INDIRECT)


def outward(environment: Iterable[str]) -> list[str]:
    """Those names of an environment that lead outside."""
    return [name for name in environment if leads_outside(name)]
