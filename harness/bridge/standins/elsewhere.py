"""Operators whose work is done elsewhere: by a cluster, a cloud, a worker of another language. Told by import paths.

Nothing of a provider is imported to ask.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from harness.bridge.operators import arguments, class_of, class_paths
from harness.bridge.versions.names import task_exception
from harness.kernel.whose import is_users
from harness.world import World
from harness.world.entries import Connection
from harness.world.network import Network

if TYPE_CHECKING:
    from airflow.sdk.types import Operator

_PROVIDERS = "airflow.providers."

AWS, SPARK, KUBERNETES = "AWS", "spark-submit and a Spark cluster", "a Kubernetes cluster"
_SERVED = {AWS: "s3"}
"""What is needed -> the service of a world that plays it."""
_PROGRAMS = (SPARK, KUBERNETES)
"""What runs a program, in whose place one of this machine can run."""

_COMPLETES = "execute_complete"
"""With which most operators go on, once they have deferred."""

ELSEWHERE: dict[str, str] = {
    f"{_PROVIDERS}standard.decorators.stub._StubOperator": "a worker of the language it is written in",
    f"{_PROVIDERS}apache.spark.operators.spark_submit": SPARK,
    f"{_PROVIDERS}apache.spark.operators.spark_jdbc": SPARK,
    f"{_PROVIDERS}apache.spark.operators.spark_sql": "spark-sql and a Spark cluster",
    f"{_PROVIDERS}apache.spark.operators.spark_pipelines": "spark-pipelines and a Spark cluster",
    f"{_PROVIDERS}apache.livy": "a Livy server and its Spark cluster",
    f"{_PROVIDERS}apache.flink": "a Flink cluster",
    f"{_PROVIDERS}apache.hive": "a Hive server",
    f"{_PROVIDERS}apache.pig": "a Hadoop cluster",
    f"{_PROVIDERS}apache.druid": "a Druid cluster",
    f"{_PROVIDERS}apache.kylin": "a Kylin server",
    f"{_PROVIDERS}cncf.kubernetes": KUBERNETES,
    f"{_PROVIDERS}amazon.aws": AWS,
    f"{_PROVIDERS}google": "Google Cloud",
    f"{_PROVIDERS}microsoft.azure": "Azure",
    f"{_PROVIDERS}alibaba": "Alibaba Cloud",
    f"{_PROVIDERS}yandex": "Yandex Cloud",
    f"{_PROVIDERS}databricks": "Databricks",
    f"{_PROVIDERS}snowflake": "Snowflake",
    f"{_PROVIDERS}dbt.cloud": "dbt Cloud",
    f"{_PROVIDERS}common.ai": "a language model",
    f"{_PROVIDERS}openai": "a language model",
    f"{_PROVIDERS}cohere": "a language model",
    "airflow_ai_sdk": "a language model",
}
"""Import path of a package, a module or a class -> what operators of it, and those derived from them, need."""

_THIS_MACHINE = ("local", "127.")
"""How hosts of this machine begin: ``localhost``, and Spark's ``local[*]``."""


def needed_by(task: Operator, world: World) -> str | None:
    """What a task needs that is not here; None where it can run, or where somebody means it to.

    It is meant to where a connection that it names is declared in the world as a service, on this machine, or beside
    hosts that ``network`` allows or a cassette plays; and where a test has replaced something of its operator, or of
    what that calls.
    """
    found = needs_elsewhere(task)
    if found is None or is_meant(task, world) or is_replaced(class_of(task)):
        return None
    return found


def needs_elsewhere(task: Operator) -> str | None:
    """What a task needs that is on no laptop; None where it needs nothing of the kind."""
    return _elsewhere(class_paths(task))


@lru_cache(maxsize=4096)
def _elsewhere(paths: tuple[str, ...]) -> str | None:
    """By the nearest class that stands in the table."""
    for path in paths:
        for known, needs in ELSEWHERE.items():
            if path == known or path.startswith(f"{known}."):
                return needs
    return None


@cache
def cannot_run_here() -> Any:
    """The class of the error of a task whose work is done elsewhere: not retried, ``remedy`` is the entry to write.

    Made of the installed Airflow's, which may not be imported yet when this module is.
    """
    base: Any = task_exception("AirflowFailException")

    class CannotRunHere(base):  # type: ignore[misc, unused-ignore]
        def __init__(self, fact: str, remedy: str = "") -> None:
            super().__init__(fact)
            self.remedy = remedy

    return CannotRunHere


def remedy_of(error: BaseException) -> str | None:
    """The entry to write, of an error that `refuse` raised; None of any other."""
    return str(error.remedy) if isinstance(error, cannot_run_here()) else None


def refuse(task: Any, name: str, needs: str) -> Any:
    """Fail at once: what the operator would do is done elsewhere, and nobody has said what it comes to.

    Args:
        name: ``dag_id.task_id``.
    Raises: CannotRunHere.
    """
    ways = [
        f"say what it comes to, stubs: {{{name}: {{returns: …}}}} in the world file or world.stub({name!r}, returns=…) "
        "in a test"
    ]
    if hasattr(task, _COMPLETES) and getattr(task, "deferrable", False):
        ways.append(f"answer its trigger, triggers: {{{name}: {{event: …, resumes: {_COMPLETES}}}}}")
    if needs in _PROGRAMS:
        ways.append(f"have a program of this machine run in its place, commands: {{{name}: [PROGRAM, …]}}")
    for conn_id in connections_of(task)[:1]:
        places = f"{conn_id}: {{service: {_SERVED[needs]}}}, or " if needs in _SERVED else ""
        ways.append(f"declare connection {conn_id!r}: {places}on this machine, or at a host of network: {{allow: …}}")
    fact = f"{task.operator_name} needs {needs}: it cannot run here"
    raise cannot_run_here()(fact, "; or ".join([*ways, "let it run, {runs: true}"]))


def connections_of(task: Operator) -> list[str]:
    """Ids of the connections that a task names, as far as its arguments tell."""
    given = arguments(task)
    return [value for name, value in given.items() if name.endswith("conn_id") and isinstance(value, str)]


def is_meant(task: Operator, world: World) -> bool:
    """Whether a connection that the task names is declared, and leads somewhere it may."""
    named = (world.connections.get(conn_id) for conn_id in connections_of(task))
    return any(_leads_somewhere(one, world.network) for one in named if one is not None)


def _leads_somewhere(connection: Connection, network: Network) -> bool:
    """Whether it is of a service, of this machine, or may be reached; of one that names no host nobody can tell."""
    if connection.is_served or network.cassette is not None:
        return True
    host = (connection.host or "").rpartition("://")[2].partition("/")[0].partition(":")[0]
    if host.startswith(_THIS_MACHINE):
        return True
    return network.allows([host], connection.port) if "." in host else bool(network.allow)


def is_replaced(kind: type) -> bool:
    """Whether a test has put something of its own in the place of an operator's methods, of its hooks, or of HTTP.

    Mocks of ``unittest.mock``, functions and classes of the user's where the provider had its own, moto's ``mock_aws``,
    ``responses`` and ``requests_mock``.
    """
    moto = sys.modules.get("moto.core.models")
    if moto is not None and getattr(getattr(moto, "botocore_stubber", None), "enabled", False):
        return True
    requests = sys.modules.get("requests")
    if requests is not None and any(map(_is_not_the_librarys, _senders(requests))):
        return True
    classes = [one for one in kind.__mro__ if one.__module__.startswith((_PROVIDERS, "airflow_ai_sdk"))]
    modules = {one.__module__: sys.modules.get(one.__module__) for one in classes}
    parts = [part for module in modules.values() if module is not None for part in vars(module).values()]
    hooks = [part for part in parts if isinstance(part, type) and part.__module__.startswith(_PROVIDERS)]
    held = (part for one in [*classes, *hooks] for part in vars(one).values())
    return any(_is_a_tests(part) for part in [*parts, *held])


def _senders(requests: ModuleType) -> Iterator[Any]:
    yield requests.adapters.HTTPAdapter.send
    yield requests.Session.get_adapter
    yield requests.Session.request


def _is_not_the_librarys(function: Any) -> bool:
    return not str(getattr(function, "__module__", "")).startswith("requests.")


def _is_a_tests(part: Any) -> bool:
    if type(part).__module__ == "unittest.mock":
        return True
    function = getattr(part, "__func__", part)
    module = getattr(function, "__module__", None)
    is_code = isinstance(function, type) or (callable(function) and hasattr(function, "__code__"))
    return is_code and module in sys.modules and is_users(str(module))
