"""All that versions of Airflow have differently and the harness asks for: one table.

``docs/dev/airflow-versions.md`` is written out of it. A test sees that each function of this room stands in it, and
that no other module compares versions, looks whether Airflow has a name, or catches an import of it that fails.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.bridge.versions.names import ATTRIBUTES
from harness.bridge.versions.scheduling import FROM_3_2

Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that is not in all versions, or not alike.

    Attributes:
        by: the function of ours that answers for the installed version, below ``harness``.
        since: the version from which on it is as ``what`` says.
        what: what is so from then on.
        where: in Airflow.
        told_by: ``looking`` at names or signatures, or the ``version`` where there is nothing to look at.
    """

    by: str
    since: Version
    what: str
    where: str
    told_by: str = "looking"


_V = "bridge.versions"
_POLICIES = f"{_V}.scheduling.policies"


def _attributes(since: Version) -> str:
    names = ", ".join(f"`{name}`" for name, one in ATTRIBUTES.items() if one.since == since)
    return f"the attributes {names}"


def _owners(since: Version) -> str:
    owners = [owner for one in ATTRIBUTES.values() if one.since == since for owner in one.of]
    return ", ".join(f"`{owner.rpartition('.')[2]}`" for owner in dict.fromkeys(owners))


CAPABILITIES: tuple[Capability, ...] = (
    Capability(
        _POLICIES,
        (3, 2),
        f"the scheduler's policies {', '.join(f'`{name}`' for name in FROM_3_2)}",
        "`scheduler_job_runner.py`, `dagrun.py`, `taskinstance.py`, `backfill.py`, `ti_deps/deps`",
        "version",
    ),
    Capability(
        f"{_V}.scheduling.tries_are_rows",
        (3, 4),
        "every try is a row of its own: the policy `numbers_ahead`",
        "`models/taskinstancehistory.py`, which is gone",
    ),
    Capability(
        f"{_V}.scheduling.averages_successes",
        (3, 3),
        "a deadline's average runtime is that of runs that succeeded",
        "`models/deadline.py`",
        "version",
    ),
    Capability(
        f"{_V}.scheduling.executors_by_class_name",
        (3, 2),
        "a task may name its executor by its class alone",
        "`executors/executor_loader.py`",
        "version",
    ),
    Capability(
        f"{_V}.scheduling.skips_what_is_expanded",
        (3, 4),
        "who skips a task without a map index skips what it is expanded to",
        "`ti_skip_downstream`",
    ),
    *(
        Capability(f"{_V}.names.attribute", since, _attributes(since), _owners(since))
        for since in sorted({one.since for one in ATTRIBUTES.values()})
    ),
    Capability(
        f"{_V}.scheduling.worker_finds_map_indexes",
        (3, 2),
        "the worker finds which map indexes of its upstreams belong to a task",
        "before the server says, in `TIRunContext.upstream_map_indexes`",
    ),
    Capability(
        f"{_V}.scheduling.retry_multiplier",
        (3, 2),
        "`retry_exponential_backoff` is a multiplier",
        "before a flag that doubles",
    ),
    Capability(
        f"{_V}.names.task_exception",
        (3, 2),
        "exceptions of tasks are in `airflow.sdk.exceptions`",
        "before in `airflow.exceptions`",
    ),
    Capability(
        f"{_V}.names.secrets_masker",
        (3, 2),
        "the masker is in `airflow.sdk._shared`",
        "before in `airflow.sdk.execution_time`",
    ),
    Capability(
        f"{_V}.names.plugins_manager",
        (3, 2),
        "the SDK has a plugins manager of its own",
        "`airflow.sdk.plugins_manager`",
    ),
    Capability(
        f"{_V}.names.statsd_logger",
        (3, 2),
        "the SDK has clients of metrics of its own",
        "`airflow.sdk.observability.metrics`, before `airflow.metrics`",
    ),
    Capability(
        f"{_V}.names.dag_serializer",
        (3, 2),
        "Dags are serialised by `DagSerialization`",
        "before by `SerializedDAG`",
    ),
    Capability(
        f"{_V}.names.serde",
        (3, 2),
        "arguments of triggers are written by `airflow.sdk.serde`",
        "before by `BaseSerialization`",
    ),
    Capability(
        f"{_V}.names.callback_trigger",
        (3, 2),
        "callbacks of deadlines run in `CallbackTrigger`",
        "before in `DeadlineCallbackTrigger`",
    ),
    Capability(
        f"{_V}.names.messages_of_callbacks",
        (3, 3),
        "it is said which messages a callback may send",
        "`callback_supervisor.CallbackToSupervisor`",
    ),
    Capability(
        f"{_V}.names.bags",
        (3, 2),
        "`DagBag` is in `airflow.dag_processing.dagbag`",
        "before in `airflow.models.dagbag`",
    ),
    Capability(
        f"{_V}.names.run_type",
        (3, 2),
        "a run that an operator triggers is of a type of its own",
        "`DagRunType.OPERATOR_TRIGGERED`",
    ),
    Capability(
        f"{_V}.names.loop_task_group",
        (3, 4),
        "groups may be repeated; not simulated",
        "`airflow.sdk.definitions._internal.loop`",
    ),
    Capability(
        f"{_V}.names.bag_of",
        (3, 3),
        "a `DagBag` has no examples to leave out",
        "`DagBag.__init__`",
    ),
    Capability(
        f"{_V}.names.forget_bundles",
        (3, 4),
        "the configuration of bundles is kept once it was read",
        "`dag_processing/bundles/manager.py`",
    ),
    Capability(
        f"{_V}.names.fresh_policies",
        (3, 2),
        "the manager of policies is made when it is first asked for",
        "`settings.get_policy_plugin_manager`",
    ),
    Capability(
        f"{_V}.names.execute_callback",
        (3, 3),
        "a worker runs callbacks under a supervisor of their own, with their Dag file imported anew",
        "`callback_supervisor.execute_callback`",
    ),
    Capability(
        f"{_V}.names.deadline_reference_codec",
        (3, 2),
        "a deadline's reference may be the user's own",
        "`encoders.encode_deadline_reference`",
    ),
    Capability(
        f"{_V}.names.deadlines_recalculated",
        (3, 4),
        "what moves the deadlines of a cleared run finds by itself when it is queued",
        "`taskinstance._recalculate_dagrun_queued_at_deadlines`",
    ),
    Capability(
        f"{_V}.names.new_task_instance",
        (3, 2),
        "a new task instance is told its run, of which its trace is a part",
        "`TaskInstance.insert_mapping`",
    ),
    Capability(
        f"{_V}.names.past_tries_table",
        (3, 4),
        "tries that others followed are rows of the table of task instances",
        "`TaskInstance.prepare_db_for_next_try`",
    ),
    Capability(
        f"{_V}.names.xcom_table",
        (3, 4),
        "an XCom belongs to a try",
        "`models.xcom.XComModelV2`",
    ),
    Capability(
        f"{_V}.names.deadline_tables",
        (3, 2),
        "the UI shows deadlines, each with the alert that it is of",
        "`models.deadline_alert.DeadlineAlert`",
    ),
    Capability(
        f"{_V}.timetables.core_timetable",
        (3, 2),
        "the scheduler's timetable is made of the SDK's",
        "`encoders.coerce_to_core_timetable`",
    ),
    Capability(
        f"{_V}.timetables.next_info",
        (3, 2),
        "timetables are asked by `next_dagrun_info_v2`",
        "`timetables/base.py`",
    ),
    Capability(
        f"{_V}.timetables.is_periodic",
        (3, 3),
        "a timetable says whether it can be backfilled",
        "`Timetable.periodic`",
        "version",
    ),
    Capability(
        f"{_V}.timetables.batches_events",
        (3, 4),
        "a timetable says whether asset events make one run together",
        "`Timetable.batch_asset_events`",
    ),
    Capability(
        f"{_V}.timetables.groups_events",
        (3, 4),
        "a timetable may group asset events in a way of its own; not simulated",
        "`Timetable.group_asset_events`",
    ),
    Capability(
        f"{_V}.sources.might_contain_dag",
        (3, 4),
        "what tells a Dag file is in `airflow._shared.module_loading`",
        "before in `airflow.utils.file`",
    ),
    Capability(
        f"{_V}.sources.module_name",
        (3, 4),
        "what names a Dag file's module is in `airflow._shared.module_loading`",
        "before in `airflow.utils.file`",
    ),
    Capability(
        f"{_V}.sources.is_archive",
        (3, 4),
        "an archive ends with `.zip`",
        "`airflow.sdk.importers`",
    ),
    Capability(
        f"{_V}.sources.modules_in",
        (3, 4),
        "modules in an archive's folders are Dag files too",
        "`ZipImporter`",
    ),
    Capability(
        f"{_V}.scheduling.heartbeat_rules",
        (3, 3),
        "a task whose heartbeat is missed is told as one to be retried; from 3.4 on its callbacks are asked for once",
        "`SchedulerJobRunner._purge_task_instances_without_heartbeats`",
    ),
    Capability(
        "project.discovery._folders_only",
        (3, 2),
        "in `.airflowignore` a slash at the end speaks of folders only",
        "`airflow/utils/file.py`",
        "version",
    ),
    Capability(
        "project.discovery._archives_by_name",
        (3, 4),
        "as `is_archive`, before Airflow is imported",
        "`ZipImporter`",
        "version",
    ),
)
"""All of them; what is only patched differently stands in the table of patches."""
