"""``variable-missing``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.finding import Problem
from harness.checks.look import FileLook
from harness.checks.registry import check
from harness.checks.resources.used_names import variables
from harness.errors import nearest


@check("variable-missing", level="file")
def variable_missing(file: FileLook) -> Iterator[Problem]:
    """A variable that the world does not declare, read without a default by task code or a template.

    ``Variable.get`` raises in production, and a template renders no more.

    Fix: declare the variable under ``variables:`` in the world file, as it is in production, or give a default.
    """
    known = file.declared.variables
    for used in variables(file) if file.declared.file is not None else ():
        if used.name not in known:
            close = nearest(used.name, known)
            yield Problem(
                f"{used.by} reads variable {used.name!r}, which does not exist",
                used.task_id,
                used.line,
                used.path,
                f"{close[0]!r}?" if close else f"declare it under variables: in {file.declared.file}",
                used.dag_id,
            )
