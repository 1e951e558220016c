"""Cases as ordinary Dag files, whose tasks really do what their acts say: sleep, fail, skip, defer, branch."""

from __future__ import annotations

import re
from pathlib import Path

from tests.differential.case import Case, DagCase
from tests.differential.render import text
from tests.differential.render.body import Body
from tests.differential.render.play import operators

IMPORTS = (
    ("datetime", ("datetime", "timedelta", "timezone")),
    ("time", ("sleep",)),
    ("", ()),
    ("airflow.exceptions", ("AirflowRescheduleException",)),
    ("airflow.providers.common.compat.sdk", ("AirflowFailException", "AirflowSkipException")),
    ("airflow.providers.standard.operators.branch", ("BaseBranchOperator",)),
    ("airflow.providers.standard.operators.empty", ("EmptyOperator",)),
    ("airflow.providers.standard.operators.latest_only", ("LatestOnlyOperator",)),
    ("airflow.providers.standard.operators.python", ("ShortCircuitOperator",)),
    ("airflow.providers.standard.triggers.temporal", ("TimeDeltaTrigger",)),
    ("airflow.sdk", ("DAG", "Asset", "BaseOperator", "TaskGroup", "task_group")),
    ("airflow.sdk.definitions.deadline", ("AsyncCallback", "DeadlineAlert", "DeadlineReference")),
)
"""Where names are imported from in 3.1 and 3.3 alike, without a warning."""


def render(case: Case, folder: Path) -> None:
    """Write each Dag of the case to ``<dag_id>.py``."""
    folder.mkdir(parents=True, exist_ok=True)
    for dag in case.dags:
        (folder / f"{dag.dag_id}.py").write_text(render_dag(dag), encoding="utf-8")


def render_dag(dag: DagCase) -> str:
    """The Dag file: imports, the operators it needs, the Dag. What is default in Airflow is left out.

    Raises: ValueError: a task that cannot be played, a branch that does not say what it follows, say.
    """
    first = Body(dag)
    first.lines()
    body = Body(dag, frozenset(group for group, times in first.openings.items() if times > 1)).lines()
    head = text.call("with DAG", _arguments(dag), " as dag:")
    code = "\n\n\n".join([*operators(dag), "\n".join([*head, *(body or ["    pass"])])])
    return f"{_imports(code)}\n\n{code}\n"


def _arguments(dag: DagCase) -> list[str]:
    default = DagCase("", ())
    values: dict[str, object] = {"schedule": text.schedule(dag), "start_date": text.instant(dag.start_date)}
    if dag.end_date is not None:
        values["end_date"] = text.instant(dag.end_date)
    if dag.catchup and dag.schedule is not None and not dag.assets:  # Airflow's default is False, and moot elsewhere
        values["catchup"] = True
    names = ("max_active_runs", "max_active_tasks", "max_consecutive_failed_dag_runs", "fail_fast")
    values |= {name: getattr(dag, name) for name in names if getattr(dag, name) != getattr(default, name)}
    if dag.dagrun_timeout_s is not None:
        values["dagrun_timeout"] = text.seconds(dag.dagrun_timeout_s)
    if dag.is_paused:
        values["is_paused_upon_creation"] = True
    if dag.deadlines:
        values["deadline"] = [text.deadline(deadline) for deadline in dag.deadlines]
    return [text.shown(dag.dag_id), *text.keywords(values, {})]


def _imports(code: str) -> str:
    used = set(re.findall(r"\w+", code))
    lines = []
    for module, names in IMPORTS:
        wanted = [name for name in names if name in used]
        if wanted or not module:
            lines.append(f"from {module} import {', '.join(wanted)}" if module else "")
    return "\n".join(lines).lstrip("\n") + "\n"
