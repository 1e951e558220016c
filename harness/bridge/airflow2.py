"""Names of Airflow 1 and 2 that are gone or moved, and what stands in their place in Airflow 3.

ruff's AIR301, AIR302, AIR311 and AIR312 tell more of them, from the text alone; here is what makes an import fail.
Many names moved to the package of standard operators; what it defines is read off its files, for to import them all
to know their names would take seconds.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_STANDARD = "airflow.providers.standard"
_SQL = "airflow.providers.common.sql"

ARGUMENTS: dict[str, str] = {
    "schedule_interval": "use schedule=",
    "timetable": "use schedule=, which takes a timetable too",
    "concurrency": "use max_active_tasks=",
    "fail_stop": "use fail_fast=",
    "default_view": "leave it out",
    "orientation": "leave it out",
    "full_filepath": "leave it out",
    "sla_miss_callback": "use deadline=DeadlineAlert(…)",
    "sla": "use deadline=DeadlineAlert(…) of the Dag",
    "task_concurrency": "use max_active_tis_per_dag=",
    "exponential_backoff": "use retry_exponential_backoff=",
    "provide_context": "leave it out, the context is always given",
    "execution_date": "use logical_date=",
    "xcom_push": "use do_xcom_push=",
    "use_dill": 'use serializer="dill"',
}
"""Argument of a Dag or an operator that is gone -> what to do."""

MODULES: dict[str, str] = {
    "airflow.operators.bash_operator": f"{_STANDARD}.operators.bash",
    "airflow.operators.branch_operator": f"{_STANDARD}.operators.branch",
    "airflow.operators.dagrun_operator": f"{_STANDARD}.operators.trigger_dagrun",
    "airflow.operators.dummy": f"{_STANDARD}.operators.empty",
    "airflow.operators.dummy_operator": f"{_STANDARD}.operators.empty",
    "airflow.operators.latest_only_operator": f"{_STANDARD}.operators.latest_only",
    "airflow.operators.python_operator": f"{_STANDARD}.operators.python",
    "airflow.sensors.bash_sensor": f"{_STANDARD}.sensors.bash",
    "airflow.sensors.date_time_sensor": f"{_STANDARD}.sensors.date_time",
    "airflow.sensors.external_task_sensor": f"{_STANDARD}.sensors.external_task",
    "airflow.sensors.file_sensor": f"{_STANDARD}.sensors.filesystem",
    "airflow.sensors.python_sensor": f"{_STANDARD}.sensors.python",
    "airflow.sensors.time_delta_sensor": f"{_STANDARD}.sensors.time_delta",
    "airflow.sensors.weekday_sensor": f"{_STANDARD}.sensors.weekday",
    "airflow.operators.email_operator": "airflow.providers.smtp.operators.smtp",
    "airflow.operators.sql": f"{_SQL}.operators.sql",
    "airflow.operators.check_operator": f"{_SQL}.operators.sql",
    "airflow.operators.postgres_operator": f"{_SQL}.operators.sql",
    "airflow.operators.mysql_operator": f"{_SQL}.operators.sql",
    "airflow.operators.sqlite_operator": f"{_SQL}.operators.sql",
    "airflow.operators.mssql_operator": f"{_SQL}.operators.sql",
    "airflow.operators.oracle_operator": f"{_SQL}.operators.sql",
    "airflow.operators.jdbc_operator": f"{_SQL}.operators.sql",
    "airflow.providers.postgres.operators.postgres": f"{_SQL}.operators.sql",
    "airflow.providers.mysql.operators.mysql": f"{_SQL}.operators.sql",
    "airflow.providers.sqlite.operators.sqlite": f"{_SQL}.operators.sql",
    "airflow.providers.microsoft.mssql.operators.mssql": f"{_SQL}.operators.sql",
    "airflow.providers.jdbc.operators.jdbc": f"{_SQL}.operators.sql",
    "airflow.sensors.sql": f"{_SQL}.sensors.sql",
    "airflow.sensors.sql_sensor": f"{_SQL}.sensors.sql",
    "airflow.hooks.dbapi": f"{_SQL}.hooks.sql",
    "airflow.hooks.dbapi_hook": f"{_SQL}.hooks.sql",
    "airflow.operators.http_operator": "airflow.providers.http.operators.http",
    "airflow.sensors.http_sensor": "airflow.providers.http.sensors.http",
    "airflow.hooks.http_hook": "airflow.providers.http.hooks.http",
    "airflow.operators.docker_operator": "airflow.providers.docker.operators.docker",
    "airflow.hooks.docker_hook": "airflow.providers.docker.hooks.docker",
    "airflow.operators.slack_operator": "airflow.providers.slack.operators.slack",
    "airflow.hooks.slack_hook": "airflow.providers.slack.hooks.slack",
    "airflow.operators.papermill_operator": "airflow.providers.papermill.operators.papermill",
    "airflow.operators.hive_operator": "airflow.providers.apache.hive.operators.hive",
    "airflow.operators.hive_to_mysql": "airflow.providers.apache.hive.transfers.hive_to_mysql",
    "airflow.sensors.hive_partition_sensor": "airflow.providers.apache.hive.sensors.hive_partition",
    "airflow.hooks.hive_hooks": "airflow.providers.apache.hive.hooks.hive",
    "airflow.sensors.web_hdfs_sensor": "airflow.providers.apache.hdfs.sensors.web_hdfs",
    "airflow.hooks.webhdfs_hook": "airflow.providers.apache.hdfs.hooks.webhdfs",
    "airflow.sensors.s3_key_sensor": "airflow.providers.amazon.aws.sensors.s3",
    "airflow.sensors.s3_prefix_sensor": "airflow.providers.amazon.aws.sensors.s3",
    "airflow.hooks.S3_hook": "airflow.providers.amazon.aws.hooks.s3",
    "airflow.hooks.postgres_hook": "airflow.providers.postgres.hooks.postgres",
    "airflow.hooks.mysql_hook": "airflow.providers.mysql.hooks.mysql",
    "airflow.hooks.sqlite_hook": "airflow.providers.sqlite.hooks.sqlite",
    "airflow.hooks.mssql_hook": "airflow.providers.microsoft.mssql.hooks.mssql",
    "airflow.hooks.oracle_hook": "airflow.providers.oracle.hooks.oracle",
    "airflow.hooks.jdbc_hook": "airflow.providers.jdbc.hooks.jdbc",
    "airflow.hooks.samba_hook": "airflow.providers.samba.hooks.samba",
    "airflow.hooks.druid_hook": "airflow.providers.apache.druid.hooks.druid",
    "airflow.kubernetes.secret": "airflow.providers.cncf.kubernetes.secret",
    "airflow.kubernetes.pod": "kubernetes.client.models",
    "airflow.contrib.operators.kubernetes_pod_operator": "airflow.providers.cncf.kubernetes.operators.pod",
    "airflow.providers.cncf.kubernetes.operators.kubernetes_pod": "airflow.providers.cncf.kubernetes.operators.pod",
    "airflow.contrib.hooks.aws_hook": "airflow.providers.amazon.aws.hooks.base_aws",
    "airflow.contrib.operators.ssh_operator": "airflow.providers.ssh.operators.ssh",
    "airflow.contrib.hooks.ssh_hook": "airflow.providers.ssh.hooks.ssh",
    "airflow.contrib.operators.spark_submit_operator": "airflow.providers.apache.spark.operators.spark_submit",
    "airflow.contrib.operators.bigquery_operator": "airflow.providers.google.cloud.operators.bigquery",
    "airflow.contrib.hooks.bigquery_hook": "airflow.providers.google.cloud.hooks.bigquery",
    "airflow.contrib.hooks.gcs_hook": "airflow.providers.google.cloud.hooks.gcs",
    "airflow.contrib.operators.snowflake_operator": f"{_SQL}.operators.sql",
    "airflow.providers.snowflake.operators.snowflake.SnowflakeOperator": f"{_SQL}.operators.sql",
    "airflow.contrib.sensors.file_sensor": f"{_STANDARD}.sensors.filesystem",
    "airflow.contrib.sensors.python_sensor": f"{_STANDARD}.sensors.python",
    "airflow.contrib.hooks.fs_hook": f"{_STANDARD}.hooks.filesystem",
    "airflow.hooks.base_hook": "airflow.sdk",
    "airflow.sensors.base_sensor_operator": "airflow.sdk",
    "airflow.datasets": "airflow.sdk",
    "airflow.utils.log.secrets_masker": "airflow.sdk.log",
    "airflow.utils.dates": "pendulum",
    "airflow.operators.subdag": "airflow.sdk",
    "airflow.operators.subdag_operator": "airflow.sdk",
    "airflow.models.subdag": "airflow.sdk",
}
"""Module that is gone -> the one that has its names now; the package to install follows from it."""

NAMES: dict[str, str] = {
    "DummyOperator": "EmptyOperator",
    "SimpleHttpOperator": "HttpOperator",
    "PostgresOperator": "SQLExecuteQueryOperator",
    "MySqlOperator": "SQLExecuteQueryOperator",
    "SqliteOperator": "SQLExecuteQueryOperator",
    "MsSqlOperator": "SQLExecuteQueryOperator",
    "OracleOperator": "SQLExecuteQueryOperator",
    "JdbcOperator": "SQLExecuteQueryOperator",
    "SnowflakeOperator": "SQLExecuteQueryOperator",
    "AwsHook": "AwsBaseHook",
    "GoogleCloudStorageHook": "GCSHook",
    "BigQueryOperator": "BigQueryInsertJobOperator",
    "S3KeySensor": "S3KeySensor",
    "Dataset": "Asset",
    "DatasetAlias": "AssetAlias",
    "DatasetAll": "AssetAll",
    "DatasetAny": "AssetAny",
    "SubDagOperator": "TaskGroup",
}
"""Name that is gone -> its new one, in the module of `MODULES`."""

WORDS: dict[str, str] = {
    "days_ago": "a fixed start_date, as in pendulum.datetime(2025, 1, 1)",
    "apply_defaults": "nothing: operators need no decorator any more",
    "chain": "from airflow.sdk import chain",
    "cross_downstream": "from airflow.sdk import cross_downstream",
    "Dataset": "from airflow.sdk import Asset",
    "get_current_context": "from airflow.sdk import get_current_context",
    "TaskGroup": "from airflow.sdk import TaskGroup",
    "round_time": "pendulum",
}
"""Name that is gone from wherever it was -> what to write."""

_TWO_WORDS = {"apache", "atlassian", "cncf", "common", "dbt", "microsoft"}


def provider_of(module: str) -> str | None:
    """The package to install for a module below ``airflow.providers``; None for any other."""
    parts = module.split(".")
    if parts[:2] != ["airflow", "providers"] or len(parts) < 3:
        return None
    words = parts[2:4] if parts[2] in _TWO_WORDS else parts[2:3]
    return "-".join(["apache-airflow-providers", *words])


def replacement(module: str, name: str | None = None) -> str | None:
    """What to write instead of importing a name from a module of Airflow 2; None for one that is not known to be gone.

    Args:
        name: None when the module itself was not found and what was wanted of it is not known.
    """
    if name in WORDS and not (name == "TaskGroup" and module.startswith("airflow.sdk")):
        return WORDS[name]
    new = MODULES.get(f"{module}.{name}") or MODULES.get(module)
    if new is None:
        if module.startswith("airflow.contrib"):
            return "a provider: airflow.contrib is gone since Airflow 2"
        return None
    now = NAMES.get(name or "", name)
    provider = provider_of(new)
    package = f" (package {provider})" if provider else ""
    return (f"from {new} import {now}" if now else new) + package


_PACKAGE = "apache-airflow-providers-standard"
_NOT_PUBLIC = ("example_dags", "version_compat", "get_provider_info")


def of_standard(module: str, name: str | None = None) -> str | None:
    """What to import instead of a name of Airflow 2: the same name, in a module called as before, or a class alone.

    Args:
        name: None for the module itself.
    Returns: None for one that the package does not have, or has in several places.
    """
    if not module.startswith("airflow.") or module.startswith(("airflow.sdk", "airflow.providers")):
        return None
    if name is None:
        alike = _most_alike({one for found in _defined().values() for one in found}, module)
        return None if alike is None else _import_of(alike, None)
    found = _defined().get(name, [])
    alike = _most_alike(found, module) or (found[0] if len(found) == 1 and name[:1].isupper() else None)
    return None if alike is None else _import_of(alike, name)


def _most_alike(found: Iterable[str], module: str) -> str | None:
    """The one whose path ends most like a module's; None where none ends so, or several do."""
    ends = {one: _common_end(one.split("."), module.split(".")) for one in found}
    most = max(ends.values(), default=0)
    best = [one for one, length in ends.items() if length == most]
    return best[0] if most and len(best) == 1 else None


def _common_end(one: list[str], other: list[str]) -> int:
    return next((at for at, pair in enumerate(zip(one[::-1], other[::-1], strict=False)) if pair[0] != pair[1]), 0)


def _import_of(module: str, name: str | None) -> str:
    base, _, leaf = module.rpartition(".")
    return f"from {module if name else base} import {name or leaf} (package {_PACKAGE})"


@cache  # the package stays as it is while we run
def _defined() -> dict[str, list[str]]:
    """Public name -> the modules that define it."""
    found: dict[str, list[str]] = defaultdict(list)
    try:
        folder = Path(str(distribution(_PACKAGE).locate_file(_STANDARD.replace(".", "/"))))
    except PackageNotFoundError:
        return {}
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder).with_suffix("").parts
        if parts[0] in _NOT_PUBLIC or file.name == "__init__.py":
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            is_named = isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            if is_named and not node.name.startswith("_"):  # type: ignore[attr-defined]
                found[node.name].append(".".join([_STANDARD, *parts]))  # type: ignore[attr-defined]
    return dict(found)
