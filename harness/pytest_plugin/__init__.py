"""The pytest plugin: Dag files as items, one a check, and fixtures that run Dags in virtual time.

pytest loads this module in every project of an environment, so nothing here or in the modules below imports anything
but the standard library and pytest before a test asks for it, and a project without Dags does not notice it.
"""

from __future__ import annotations

from harness.pytest_plugin.checks import (
    pytest_collect_directory,
    pytest_collect_file,
    pytest_configure,
    pytest_configure_node,
    pytest_ignore_collect,
    pytest_report_collectionfinish,
    pytest_sessionstart,
)
from harness.pytest_plugin.failures import (
    pytest_assertrepr_compare,
    pytest_enter_pdb,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    pytest_sessionfinish,
)
from harness.pytest_plugin.fixtures import (
    _airflow_prefixed_runner,
    airflow_dag_bag,
    airflow_explore,
    airflow_frozen_time,
    airflow_render_task,
    airflow_replay,
    airflow_run_dag,
    airflow_run_task,
    airflow_simulate,
    airflow_when_ready,
    explore,
    frozen_time,
    replay,
    simulate,
    when_ready,
)
from harness.pytest_plugin.project import (
    _airflow_rehearsal,
    dag_bag,
    pytest_addoption,
    pytest_fixture_setup,
    pytest_load_initial_conftests,
    pytest_report_header,
    pytest_runtest_call,
)
from harness.pytest_plugin.runs import _airflow_runner, render_task, run_dag, run_task
from harness.pytest_plugin.services import (
    _airflow_leases,
    _airflow_services,
    pytest_terminal_summary,
    pytest_testnodedown,
    service_fixtures,
)
from harness.pytest_plugin.worlds import (
    _airflow_wider_world,
    _airflow_world,
    _airflow_world_file,
    airflow_module_world,
    airflow_session_world,
    airflow_world,
    module_world,
    session_world,
    world,
)

__all__ = [
    "_airflow_leases",
    "_airflow_prefixed_runner",
    "_airflow_rehearsal",
    "_airflow_runner",
    "_airflow_services",
    "_airflow_wider_world",
    "_airflow_world",
    "_airflow_world_file",
    "airflow_dag_bag",
    "airflow_explore",
    "airflow_frozen_time",
    "airflow_module_world",
    "airflow_render_task",
    "airflow_replay",
    "airflow_run_dag",
    "airflow_run_task",
    "airflow_session_world",
    "airflow_simulate",
    "airflow_when_ready",
    "airflow_world",
    "dag_bag",
    "explore",
    "frozen_time",
    "module_world",
    "pytest_addoption",
    "pytest_assertrepr_compare",
    "pytest_collect_directory",
    "pytest_collect_file",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_enter_pdb",
    "pytest_fixture_setup",
    "pytest_ignore_collect",
    "pytest_load_initial_conftests",
    "pytest_report_collectionfinish",
    "pytest_report_header",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "render_task",
    "replay",
    "run_dag",
    "run_task",
    "session_world",
    "simulate",
    "when_ready",
    "world",
]

globals().update(service_fixtures())
__all__ += service_fixtures()
