"""A file's functions put before a check as if tasks ran them: no Airflow, no process."""

from __future__ import annotations

import ast
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

from harness.checks.callables import Definitions

PATH = "/dags/sales.py"


def context(source: str, *, periodic: bool = True, dag_params: dict[str, Any] | None = None, **given: Any) -> Any:
    """The look at a file: a task for every function named ``task…``, and for all that the list ``made`` holds.

    Args:
        given: of every task: ``op_kwargs``, ``params`` …
    """
    source = dedent(source)
    names: dict[str, Any] = {"made": []}
    exec(compile(source, PATH, "exec"), names)
    functions = [*(names[name] for name in names if name.startswith("task")), *names["made"]]
    blank = {"params": {}, "op_kwargs": {}, "op_args": [], "template_fields": (), "is_mapped": False}
    tasks = [
        SimpleNamespace(**{**blank, **given}, task_id=f"task_{number}", python_callable=one)
        for number, one in enumerate(functions)
    ]
    dag = SimpleNamespace(params=dag_params or {})
    of_dag = SimpleNamespace(dag=dag, dag_id="sales", tasks=tasks, is_periodic=periodic, line=1, place=lambda _: None)
    own = PATH.__eq__
    users, definitions = SimpleNamespace(own=own), Definitions(own, {PATH: ast.parse(source)})
    tree = ast.parse(source)
    file = SimpleNamespace(path=PATH, dags=[of_dag], users=users, definitions=definitions, tree=tree, source=source)
    of_dag.file, of_dag.limit = file, {"xcom-bytes": 48 * 1024}.__getitem__
    file.imported = []
    return file
