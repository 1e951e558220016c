"""Airflow closed towards the outside while Dag files are imported and while a simulation runs; put back afterwards.

A process that we started has no settings that lead outside (`harness.bridge.environment.sandbox`). One in which
somebody imported Airflow before, a team's test suite, may stand on production's: its secrets backends, metrics, traces
and database are there, and are set aside here.

* secrets backends, and settings that a command or a backend gives (``…_cmd``, ``…_secret``): the world alone answers,
  through the supervisor, also where core's search path names the metadata database.
* the environment points at the throw-away home.
* what a Dag processor remembers of secrets (``SecretCache``).
* the metadata database: refused, as ``block_orm_access`` refuses it in a worker and in the Dag processor.
* metrics go to nobody, or to the StatsD of the world; spans are exported by nobody; Sentry hears of no task.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import Any

from harness.bridge.environment import sandbox
from harness.bridge.environment.sandbox import leads_outside
from harness.bridge.patches import ABSENT, Change, replaced
from harness.bridge.versions.names import statsd_logger
from harness.project.declarations import SECRETS

_CONFIGURATIONS = ("airflow.configuration", "airflow.sdk.configuration")
_METASTORE = "airflow.secrets.metastore.MetastoreBackend"
_ENVIRONMENT = "airflow.secrets.environment_variables.EnvironmentVariablesBackend"
_WORLD = "airflow.sdk.execution_time.secrets.execution_api.ExecutionAPISecretsBackend"
_STATS = (
    "airflow.stats",
    "airflow._shared.observability.metrics.stats",
    "airflow.sdk._shared.observability.metrics.stats",
)
_DATABASE = ("engine", "async_engine", "AsyncSession")
_NOT_ALLOWED = "Access to the Airflow Metadatabase from dags is not allowed!"


@contextmanager
def sealed(owners: Mapping[str, str] | None = None, statsd: tuple[str, int] | None = None) -> Iterator[None]:
    """Closed for the block; needs Airflow imported, or imports it.

    Args:
        owners: ``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*`` that are hidden while they have these values, because a test
            may have set others on purpose; None: all of them.
        statsd: host and port that Airflow's own metrics are sent to; None: nowhere.
    """
    with unexported(owners), replaced(_changes(statsd)):
        former = sandbox.exported(sandbox.settings(sandbox.home()))
        try:
            yield
        finally:
            sandbox.leave(former)


@contextmanager
def unexported(owners: Mapping[str, str] | None = None) -> Iterator[None]:
    """The environment without what leads outside, and without its owner's connections and variables."""
    hidden = {name: value for name, value in os.environ.items() if _is_hidden(name, value, owners)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def _is_hidden(name: str, value: str, owners: Mapping[str, str] | None) -> bool:
    if name.startswith(SECRETS):
        return owners is None or owners.get(name) == value
    return leads_outside(name)


def _changes(statsd: tuple[str, int] | None) -> Iterator[Change]:
    import airflow.configuration
    import airflow.settings  # noqa: F401 - both are looked up below

    for name in _CONFIGURATIONS:
        if (module := sys.modules.get(name)) is not None:
            yield from _no_secrets(module)
    cache = sys.modules.get("airflow.sdk.execution_time.cache")
    if cache is not None:
        yield cache.SecretCache, "_cache", None
    yield from _no_database(sys.modules["airflow.settings"])
    yield from _nobody_is_told(statsd)


def _no_secrets(module: Any) -> Iterator[Change]:
    """Source: ``ensure_secrets_loaded``, ``initialize_secrets_backends``, ``AirflowConfigParser.get`` (3.3.2)."""
    made = _without_metastore(module.initialize_secrets_backends)
    yield module, "initialize_secrets_backends", made
    if hasattr(module, "_secrets_backend_cache"):
        yield module, "_secrets_backend_cache", {}
    conf = module.conf
    for way in ("_get_custom_secret_backend", "_get_cmd_option", "_get_secret_option"):
        if hasattr(type(conf), way):
            yield conf, way, _nothing
    if not hasattr(type(conf), "_get_custom_secret_backend"):  # 3.1
        yield module, "get_custom_secret_backend", _nothing
    if hasattr(module, "secrets_backend_list"):
        yield module, "secrets_backend_list", made()


def _nothing(*_: object, **__: object) -> None:
    """Takes the place of what would ask outside."""


def _without_metastore(original: Callable[..., Any]) -> Callable[..., Any]:
    def backends(default_backends: Any = (_ENVIRONMENT, _METASTORE)) -> Any:
        return original(default_backends=[_WORLD if name == _METASTORE else name for name in default_backends])

    return backends


def _no_database(settings: Any) -> Iterator[Change]:
    former: Callable[[str], Any] | None = vars(settings).get("__getattr__")

    def missing(name: str) -> Any:
        if name in _DATABASE:
            raise AttributeError(_NOT_ALLOWED)
        if former is not None:
            return former(name)
        raise AttributeError(f"module {settings.__name__!r} has no attribute {name!r}")

    yield settings, "__getattr__", missing
    for name in _DATABASE:
        yield settings, name, ABSENT
    for name in ("Session", "NonScopedSession"):
        yield settings, name, BlockedSession


def _statsd_logger(host: str, port: int) -> Any:
    """Airflow's own client of StatsD, with its default settings but for where it sends to.

    Nothing is collected where the package statsd is not installed, as in Airflow.

    Source: ``get_statsd_logger`` (3.3.2).
    """
    given = {"AIRFLOW__METRICS__STATSD_HOST": host, "AIRFLOW__METRICS__STATSD_PORT": str(port)}
    os.environ.update(given)
    try:
        made = statsd_logger()()
    finally:
        for name in given:
            del os.environ[name]
    # Settings may be those that were asked for before, in a project with plugins: of the StatsD of another simulation.
    made.statsd = type(made.statsd)(host, port, made.statsd._prefix)
    return made


class BlockedSession:
    """Refuses as the installed Airflow does, whatever is asked of it."""

    def __new__(cls, *_: object, **__: object) -> Any:
        from airflow.sdk.execution_time.supervisor import BlockedDBSession

        return BlockedDBSession()

    @classmethod
    def remove(cls) -> None:
        """``scoped_session.remove``: nothing to remove."""


def _nobody_is_told(statsd: tuple[str, int] | None) -> Iterator[Change]:
    factory = None if statsd is None or find_spec("statsd") is None else partial(_statsd_logger, *statsd)
    for name in _STATS:
        module: Any = sys.modules.get(name)
        names = {} if module is None else vars(module)
        if "_backend" in names:
            yield module, "_factory", factory
            yield module, "_backend", None
        elif "Stats" in names and "NoStatsLogger" in names:
            # Before 3.3 a class: of airflow.stats in 3.1, of the others in 3.2. A forked process asks the factory anew.
            yield names["Stats"], "factory", factory or names["NoStatsLogger"]
            yield names["Stats"], "instance", None
    tracing: Any = sys.modules.get("opentelemetry.trace")
    processor = getattr(getattr(tracing, "_TRACER_PROVIDER", None), "_active_span_processor", None)
    if hasattr(processor, "_span_processors"):
        yield processor, "_span_processors", ()
    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    sentry = getattr(runner, "Sentry", None)
    if runner is not None and type(sentry).__name__ == "ConfiguredSentry":
        yield runner, "run", getattr(runner.run, "__wrapped__", runner.run)
