"""``import-error``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.finding import Problem
from harness.checks.look import FileLook
from harness.checks.registry import check


@check("import-error", level="file")
def import_error(file: FileLook) -> Iterator[Problem]:
    """A file that raises, exits, crashes, hangs or eats memory.

    Production shows a banner that nobody reads, and runs the Dag no more.
    """
    for dag_id, failure in file.failures:
        yield Problem(failure.message, line=failure.line, path=str(failure.path), dag_id=dag_id)
