"""Airflow kept away from the user's own installation: a throw-away home, no examples, no metadata database.

And no settings that lead out of a simulation: to production's secrets, its metrics and traces, its logs. The world
answers in the secrets' place; of what else they name nothing may hear of a rehearsal. No Airflow import.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Mapping

from harness.project.scratch import made, sweep

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


_home: str | None = None
"""One for the process: Airflow reads where its home is once, while it is imported."""
_homes: dict[tuple[tuple[str, str], ...], str] = {}
"""By what they show of a project: the process's home for the first, further ones below it."""


def settings(home: str) -> dict[str, str]:
    """The environment an isolated Airflow is imported under.

    The database address names a file in ``home`` that nothing creates: no task may reach it (see `no_database`).
    """
    return {
        "AIRFLOW_HOME": home,
        "AIRFLOW_CONFIG": os.path.join(home, "airflow.cfg"),  # noqa: PTH118 - no pathlib at plugin start
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__MAX_TEMPLATED_FIELD_LENGTH": "1000000",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/none.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": f"{home}/logs",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def enter() -> dict[str, str | None]:
    """Point Airflow's environment at a throw-away home, once per process; needs no import of Airflow.

    Settings that lead outside are taken away: Airflow looks for some of them when it is imported.

    Returns: the former values of what was changed, for `leave`. Empty when Airflow is imported already: then it
    stands on its owner's home, which the harness neither reads nor writes.
    """
    return {} if "airflow" in sys.modules else export()


def export() -> dict[str, str | None]:
    """The same, whether Airflow is imported or not."""
    former: dict[str, str | None] = {name: os.environ.pop(name) for name in outward(list(os.environ))}
    return former | exported(settings(home()))


def exported(values: Mapping[str, str]) -> dict[str, str | None]:
    """Set variables of the environment; returns what `leave` puts back."""
    former = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    return former


def home() -> str:
    """The throw-away home of this process, made when first needed, gone when the process ends."""
    global _home
    if _home is None:
        sweep()
        _home = made("home")
    return _home


def home_with(entries: Mapping[str, str]) -> str:
    """A throw-away home that shows a project's own folders and files: the process's, for its first project.

    Args:
        entries: name in the home -> path of the real one.
    """
    shown = tuple(sorted(entries.items()))
    if shown not in _homes:
        _homes[shown] = tempfile.mkdtemp(prefix="project-", dir=home()) if _homes else home()
        link(entries, _homes[shown])
    return _homes[shown]


def adopt(entries: Mapping[str, str]) -> None:
    """Show a project's own folders and files in the throw-away home: Dags look for them at ``$AIRFLOW_HOME/include``.

    Args:
        entries: name in the home -> path of the real one.
    """
    link(entries, home())


def link(entries: Mapping[str, str], into: str) -> None:
    """As `adopt`, in a home that is named."""
    for name, path in entries.items():
        place = os.path.join(into, name)  # noqa: PTH118
        if not os.path.lexists(place):
            os.symlink(path, place)  # noqa: PTH211


def leave(former: dict[str, str | None]) -> None:
    """Put back the environment that `enter` changed."""
    for name, value in former.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
