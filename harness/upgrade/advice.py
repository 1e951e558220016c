"""What to write instead of a name, as far as it is public: Airflow's own words, our table, and ruff's."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection, Iterable

from harness.bridge.airflow2 import of_standard, provider_of, replacement
from harness.project.own_programs import installed_program

CONTEXT: dict[str, str] = {
    "conf": "from airflow.sdk import conf, where a task needs Airflow's settings",
    "execution_date": "logical_date, or dag_run.run_after where a run may have none",
    "next_ds": "data_interval_end | ds",
    "next_ds_nodash": "data_interval_end | ds_nodash",
    "next_execution_date": "data_interval_end",
    "prev_ds": "prev_data_interval_start_success | ds, or (logical_date - a day) | ds",
    "prev_ds_nodash": "prev_data_interval_start_success | ds_nodash, or (logical_date - a day) | ds_nodash",
    "prev_execution_date": "prev_data_interval_start_success, or logical_date less the interval",
    "prev_execution_date_success": "prev_data_interval_start_success",
    "tomorrow_ds": "macros.ds_add(ds, 1)",
    "tomorrow_ds_nodash": 'macros.ds_add(ds, 1) | replace("-", "")',
    "yesterday_ds": "macros.ds_add(ds, -1)",
    "yesterday_ds_nodash": 'macros.ds_add(ds, -1) | replace("-", "")',
    "triggering_dataset_events": "triggering_asset_events",
}
"""Key of the context in Airflow 2 -> what has its value. Source: Airflow's page "Upgrading to Airflow 3"."""

FIELDS: dict[tuple[str, str], str] = {
    ("dag_run", "execution_date"): "dag_run.logical_date",
    ("dag_run", "external_trigger"): 'dag_run.run_type == "manual"',
    ("ti", "execution_date"): "logical_date of the context",
    ("ti", "get_dagrun"): "dag_run of the context",
    ("ti", "get_previous_execution_date"): "prev_data_interval_start_success of the context",
    ("ti", "next_try_number"): "ti.try_number + 1",
    ("dag", "schedule_interval"): "dag.schedule",
    ("dag", "concurrency"): "dag.max_active_tasks",
}
"""Field of an object of the context that is gone -> what has its value; ``task_instance`` is ``ti``."""

_GONE_FIELDS = {
    "dag": (
        "allow_future_exec_dates bulk_write_to_db clear concurrency_reached create_dagrun dataset_triggers "
        "date_range default_view filepath following_schedule full_filepath get_active_runs "
        "get_concurrency_reached get_dagrun get_dagruns_between get_default_view get_is_active get_is_paused "
        "get_last_dagrun get_latest_execution_date get_next_data_interval get_num_active_runs "
        "get_run_data_interval get_run_dates get_task_instances has_dag_runs infer_automated_data_interval "
        "is_fixed_time_schedule is_paused is_subdag iter_dagrun_infos_between latest_execution_date "
        "next_dagrun_after_date next_dagrun_info normalize_schedule normalized_schedule_interval orientation "
        "parent_dag pickle pickle_id previous_schedule run schedule_interval concurrency set_dag_run_state "
        "set_task_instance_state sla_miss_callback subdags sync_to_db tree_view"
    ),
    "dag_run": (
        "creating_job_id dag_hash get_dag get_log_template get_previous_dagrun get_previous_scheduled_dagrun "
        "get_state get_task_instance get_task_instances is_backfill queued_at refresh_from_db schedule_tis "
        "set_state task_instances update_state"
    ),
    "ti": (
        "are_dependents_done check_and_change_state_before_execution clear_xcom_data command_as_list "
        "current_state executor_config generate_command get_num_running_task_instances "
        "get_previous_start_date init_run_context insert_rendered_fields job_id log_filepath mark_success "
        "operator pool prev_attempted_tries previous_start_date_success previous_ti previous_ti_success "
        "priority_weight queued_by_job_id ready_for_retry refresh_from_db refresh_from_task "
        "schedule_downstream_tasks set_state unixname"
    ),
}
NO_FIELD = "a worker's has it no more: what needs the database is asked of Airflow's REST API"
ATTRIBUTES: dict[str, list[str]] = {owner: names.split() for owner, names in _GONE_FIELDS.items()}
"""Object -> attributes of it in Airflow 2.11 that Airflow 3 may not have: the installed one is asked."""

SDK_ARGUMENTS: dict[str, str] = {"default_var": "default="}
"""Argument of a class of Airflow 2 -> its name in ``airflow.sdk``."""

RULES: dict[str, str] = {
    "dummy": "always",
    "none_failed_or_skipped": "none_failed_min_one_success",
}
"""Trigger rule of Airflow 2 -> its name now."""

NO_EFFECT: dict[str, str] = {
    "sla": "leave it out: it has no effect; deadline=DeadlineAlert(…) of the Dag",
    "sla_miss_callback": "leave it out: it has no effect; deadline=DeadlineAlert(…)",
}
"""Arguments that Airflow 3 still takes and does nothing with."""

DATABASE = ("airflow.utils.session", "airflow.utils.db", "airflow.settings.Session", "airflow.settings.engine")
NO_DATABASE = (
    "tasks cannot reach the metadata database: Airflow's REST API (package apache-airflow-client), or airflow.sdk"
)

PUBLIC = (
    "airflow.sdk",
    "airflow.sdk.exceptions",
    "airflow.sdk.log",
    "airflow.sdk.timezone",
    "airflow.configuration",
    "airflow.plugins_manager",
)
"""Modules that Dags may import from, beside ``airflow.providers``. Source: Airflow's page "Public Interface"."""

_USE = re.compile(r"(?:[Uu]se|import it from|import from)\s+[`'\"]*(airflow(?:\.\w+)+)")
_RUFF = re.compile(r"[`](\w+)[`] (?:from|has been moved to) [`]([\w.]+)[`]")


def is_public(name: str) -> bool:
    """Whether Dags may import a dotted name: what is private moves without notice."""
    module = name.rpartition(".")[0]
    return module in PUBLIC or name.startswith("airflow.providers.")


def as_import(name: str) -> str:
    """``from a.b import C``, with the package where it is a provider's."""
    module, _, leaf = name.rpartition(".")
    package = provider_of(module)
    return f"from {module} import {leaf}" + (f" (package {package})" if package else "")


def of_import(name: str, words: str, public: Collection[str], moved: dict[str, str]) -> str | None:
    """What to import instead of a dotted name.

    Args:
        name: the module or ``module.name``.
        words: what the installed Airflow says of it.
        public: names of ``airflow.sdk``.
        moved: see `moved_by_ruff`.
    Returns: None where nothing public is known.
    """
    module, _, own = name.rpartition(".")
    if name.startswith(DATABASE):
        return NO_DATABASE
    if known := replacement(module, own) or replacement(name):
        return known
    suggestion = _USE.search(words)
    target = suggestion[1] if suggestion else moved.get(name)
    if target is not None and is_public(target):
        return as_import(target)
    for leaf in (one.rpartition(".")[2] for one in (target, name) if one):
        if leaf in public and leaf != "conf":
            return as_import(f"airflow.sdk.{leaf}")
    return of_standard(module, own) or of_standard(name)


def moved_by_ruff(names: Iterable[str]) -> dict[str, str]:
    """Where names of Airflow 2 are now, as ruff's rules AIR301 to AIR312 have it; those that it knows.

    Each name is put before ruff in a line of its own: its rules look at uses, and a repository's may be anywhere.
    """
    dotted = sorted({name for name in names if name.count(".") > 1})
    if not dotted:
        return {}
    lines: list[str] = []
    for number, name in enumerate(dotted):
        module, _, leaf = name.rpartition(".")
        lines += [f"from {module} import {leaf} as n{number}", f"n{number}"]
    command = [*installed_program("ruff"), "check", "--isolated", "--no-cache", "--preview", "--exit-zero"]
    command += [
        "--select",
        "AIR301,AIR302,AIR311,AIR312",
        "--output-format",
        "full",
        "--stdin-filename",
        "names.py",
        "-",
    ]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60)
    found: dict[str, str] = {}
    row: int | None = None
    for line in done.stdout.splitlines():
        if at := re.search(r"names\.py:(\d+):", line):
            row = int(at[1])
        elif row is not None and (moved := _RUFF.search(line)):
            found[dotted[(row - 1) // 2]] = f"{moved[2]}.{moved[1]}"
    return found
