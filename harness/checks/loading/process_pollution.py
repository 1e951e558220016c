"""``process-pollution``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import FileContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("process-pollution", severity="warning", level="file")
def process_pollution(file: FileContext) -> Iterator[Problem]:
    """A file that leaves its process changed: working directory, environment, ``sys.path``, signals, threads, builtins.

    A task imports the file too, in the worker, and then runs with what it left: a changed ``umask`` or a replaced
    ``time.sleep`` hits code that never heard of the file. In a process that imports many files, as ``dag.test()``, a
    test run or an older Dag processor do, the files after it get it as well.

    Do it in the task that needs it, and undo it there. Folders of the repository may be put on ``sys.path``.
    """
    for change in file.pollution:
        path, line = change.place or (None, None)
        said = f"the file leaves its process changed: {change.what}"
        yield Problem(said, line=line, path=path, fix="do it in the task")
    for event in file.events:
        if event.kind == "hook":
            yield Problem(f"the file adds {event.detail}", line=event.line, path=event.path, fix="leave it out")
