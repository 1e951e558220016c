"""The checks of ours: the table. A new check is a module in the folder of its family, and a line here."""

from __future__ import annotations

from harness.checks.content.callback import callback
from harness.checks.content.default_args import default_args
from harness.checks.content.late_binding import late_binding
from harness.checks.content.params import params
from harness.checks.content.secret_in_code import secret_in_code
from harness.checks.content.sql_formatting import sql_formatting
from harness.checks.content.template_error import template_error
from harness.checks.content.template_field import template_field
from harness.checks.content.wall_clock import wall_clock
from harness.checks.content.xcom_size import xcom_size
from harness.checks.graph.branch_target import branch_target
from harness.checks.graph.cycle import cycle
from harness.checks.graph.mapping_bound import mapping_bound
from harness.checks.graph.orphan_task import orphan_task
from harness.checks.graph.setup_teardown import setup_teardown
from harness.checks.graph.unreachable_task import unreachable_task
from harness.checks.graph.xcom_reference import xcom_reference
from harness.checks.loading.deprecation import deprecation
from harness.checks.loading.duplicate_dag_id import duplicate_dag_id
from harness.checks.loading.import_error import import_error
from harness.checks.loading.no_dag_in_file import no_dag_in_file
from harness.checks.loading.parse_time import parse_time
from harness.checks.loading.plugin_error import plugin_error
from harness.checks.loading.process_pollution import process_pollution
from harness.checks.loading.serialization import serialization
from harness.checks.loading.top_level_io import top_level_io
from harness.checks.loading.top_level_secrets import top_level_secrets
from harness.checks.loading.unstable_dag import unstable_dag
from harness.checks.policy.catchup_explicit import catchup_explicit
from harness.checks.policy.dag_id_pattern import dag_id_pattern
from harness.checks.policy.dagrun_timeout import dagrun_timeout
from harness.checks.policy.doc import doc
from harness.checks.policy.email_without_smtp import email_without_smtp
from harness.checks.policy.execution_timeout import execution_timeout
from harness.checks.policy.owner import owner
from harness.checks.policy.retries import retries
from harness.checks.policy.retry_delay import retry_delay
from harness.checks.policy.sensor_timeout import sensor_timeout
from harness.checks.policy.tags import tags
from harness.checks.registry import Check
from harness.checks.resources.asset_without_producer import asset_without_producer
from harness.checks.resources.connection_missing import connection_missing
from harness.checks.resources.executor_queue import executor_queue
from harness.checks.resources.external_dag import external_dag
from harness.checks.resources.pool_deadlock import pool_deadlock
from harness.checks.resources.pool_missing import pool_missing
from harness.checks.resources.pool_too_small import pool_too_small
from harness.checks.resources.variable_missing import variable_missing
from harness.checks.schedule.catchup_storm import catchup_storm
from harness.checks.schedule.interval_semantics import interval_semantics
from harness.checks.schedule.past_dependency import past_dependency
from harness.checks.schedule.schedule_never_fires import schedule_never_fires
from harness.checks.schedule.start_date import start_date
from harness.checks.upkeep import check_failed, unmatched, waiver

OURS: tuple[Check, ...] = (
    # upkeep
    waiver,
    check_failed,
    unmatched,
    # loading
    deprecation,
    duplicate_dag_id,
    import_error,
    no_dag_in_file,
    parse_time,
    plugin_error,
    process_pollution,
    serialization,
    top_level_io,
    top_level_secrets,
    unstable_dag,
    # graph
    branch_target,
    cycle,
    mapping_bound,
    orphan_task,
    setup_teardown,
    unreachable_task,
    xcom_reference,
    # schedule
    catchup_storm,
    interval_semantics,
    past_dependency,
    schedule_never_fires,
    start_date,
    # resources
    asset_without_producer,
    connection_missing,
    executor_queue,
    external_dag,
    pool_deadlock,
    pool_missing,
    pool_too_small,
    variable_missing,
    # content
    callback,
    default_args,
    late_binding,
    params,
    secret_in_code,
    sql_formatting,
    template_error,
    template_field,
    wall_clock,
    xcom_size,
    # policy
    catchup_explicit,
    dag_id_pattern,
    dagrun_timeout,
    doc,
    email_without_smtp,
    execution_timeout,
    owner,
    retries,
    retry_delay,
    sensor_timeout,
    tags,
)
