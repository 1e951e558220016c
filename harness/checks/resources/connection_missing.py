"""``connection-missing``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.finding import Problem
from harness.checks.look import FileLook
from harness.checks.registry import check
from harness.checks.resources.used_names import connections
from harness.errors import nearest


@check("connection-missing", level="file")
def connection_missing(file: FileLook) -> Iterator[Problem]:
    """A connection that the world does not declare, used by an operator, a hook or a template.

    The task fails at its first try in production, and the Dag was green until then. Ids that end in ``_default`` are
    not told: many hooks do without them.

    Fix: declare the connection under ``connections:`` in the world file, as it is in production, or correct the id.
    """
    known = file.declared.connections
    for used in connections(file) if file.declared.file is not None else ():
        if used.name not in known:
            close = nearest(used.name, known)
            yield Problem(
                f"{used.by} uses connection {used.name!r}, which does not exist",
                used.task_id,
                used.line,
                used.path,
                f"{close[0]!r}?" if close else f"declare it under connections: in {file.declared.file}",
                used.dag_id,
            )
