"""``connection-missing``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import FileContext
from harness.checks.registry import check
from harness.checks.resources.used_names import connections, undeclared
from harness.results.finding import Problem


@check("connection-missing", level="file")
def connection_missing(file: FileContext) -> Iterator[Problem]:
    """A connection that the world does not declare, used by an operator, a hook or a template.

    The task fails at its first try in production, and the Dag was green until then. Ids that end in ``_default`` are
    not told: many hooks do without them.

    Fix: declare the connection under ``connections:`` in the world file, as it is in production, or correct the id.
    """
    yield from undeclared(connections(file), file.declared.connections, "connection", file)
