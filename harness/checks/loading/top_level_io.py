"""``top-level-io``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import FileContext
from harness.checks.registry import check
from harness.results.finding import Problem

FIX = "do it in a task; the Dag processor parses the file again and again"
_KINDS = ("network", "database", "process", "write", "read")


@check("top-level-io", level="file")
def top_level_io(file: FileContext) -> Iterator[Problem]:
    """Network, databases, processes, file changes or megabytes of data while the file is parsed.

    The Dag processor imports every file every few seconds, and every task imports its own: what the file asks is asked
    thousands of times a day, and when it does not answer, the Dags are gone. It is caught as it happens, also in a
    module that the file imports; the network, and changes outside of temporary folders, are refused meanwhile, and a
    file that fails through that is told here only. Of files that are read, those above 5 MB are told.

    Do it in a task. What Dags are made from belongs into the repository, or into a file that a Dag of its own writes.
    """
    reported = set()
    for event in file.events:
        place = (event.path, event.line, event.kind)
        if event.kind in _KINDS and place not in reported:
            reported.add(place)
            yield Problem(said(event.kind, event.detail), line=event.line, path=event.path, fix=FIX)
    for dag_id, failure in file.failures:
        if failure.refused and not {(path, line) for path, line, _ in reported} & set(failure.places):
            path, line = failure.where or (failure.path, failure.line)
            said_so = f"the file needs the network or files of others while it is parsed: {failure.message}"
            yield Problem(said_so, line=line, path=path, dag_id=dag_id, fix=FIX)


def said(kind: str, detail: str) -> str:
    """What a file does, as a finding of ``top-level-io`` says it."""
    return {
        "network": f"the file asks the network ({detail}) while it is parsed",
        "database": f"the file opens a database ({detail}) while it is parsed",
        "process": f"the file starts a process ({detail}) while it is parsed",
        "write": f"the file changes files ({detail}) while it is parsed",
        "read": f"the file reads {detail} while it is parsed",
    }[kind]
