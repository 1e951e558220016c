"""Parse one Dag file in this process, which is thrown away afterwards, and keep all that happened."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.bridge.loader import ImportFailure, failure_of, found_in, made_ready
from harness.bridge.parsing.places import Places
from harness.bridge.parsing.pollution import Before
from harness.bridge.parsing.watch import Event, Watch

if TYPE_CHECKING:
    from airflow.sdk import DAG


@dataclass(frozen=True)
class Warned:
    """A warning that a file raised while it was parsed."""

    category: str
    message: str
    path: str
    line: int


@dataclass
class Parsed:
    """A Dag file, parsed.

    Attributes:
        dags: in order of their ids, validated, with templates read and cluster policies applied; not looked at for
            cycles. Two of one id are both here.
        failures: of the file, or of single Dags of it (`ImportFailure`, with the Dag's id).
        seconds: real time that the import took.
        pollution: what the file left changed in its process, each in a few words.
        imported: files of the repository that it imported.
        reads: files and folders that were read; it goes on to grow while the Dags are looked at.
    """

    path: Path
    root: Path
    places: Places
    dags: list[DAG] = field(default_factory=list)
    failures: list[tuple[str | None, ImportFailure]] = field(default_factory=list)
    seconds: float = 0.0
    events: list[Event] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)
    pollution: list[str] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)


def parse(path: Path, root: Path, watch: Watch, parsed_hook: Callable[[], None] = lambda: None) -> Parsed:
    """Import a file, as Airflow's Dag processor does in a process of its own.

    Args:
        root: the Dag folder; appended to ``sys.path`` by the caller.
        parsed_hook: called when the file's own code has ended.
    Source: ``PythonDagImporter.import_file``, ``DagBag.bag_dag`` (3.3.2).
    """
    result = Parsed(path, root, Places(str(root)))
    result.places.watch()
    before, known = Before(), len(sys.modules)
    found: list[tuple[Any, Any]] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        watch.begin()
        began = time.perf_counter()
        try:
            found = found_in(path)
        except BaseException as error:
            result.failures.append((None, failure_of(path, error)))
        took = _perf_counter() - began
        watch.active = False
    parsed_hook()
    result.seconds = took
    result.pollution = before.changes(str(root))
    before.restore()
    result.events, result.reads = list(watch.events), watch.reads
    result.warned = [_warned(one) for one in warned]
    result.imported = _imported(root, known)
    for dag, module in found:
        _take(dag, module, result)
    return result


_perf_counter = time.perf_counter


def parse_again(path: Path, root: Path) -> Parsed:
    """Import a file that was seen to behave, for its Dags alone: nothing is watched, failures are kept."""
    result = Parsed(path, root, Places(str(root)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for dag, module in found_in(path):
                _take(dag, module, result)
    except BaseException as error:
        result.failures.append((None, failure_of(path, error)))
    return result


def _take(dag: Any, module: Any, into: Parsed) -> None:
    try:
        if made_ready(dag, module, into.root):
            into.dags.append(dag)
    except BaseException as error:
        into.failures.append((dag.dag_id, failure_of(into.path, error)))


def _warned(one: Any) -> Warned:
    return Warned(one.category.__name__, str(one.message), str(one.filename), int(one.lineno))


def _imported(root: Path, known: int) -> list[str]:
    """Files of the repository among the modules that came after the first ``known``.

    Only those are touched: what a fork shares with its parent is copied when it is looked at.
    """
    inside = str(root) + "/"
    names = list(islice(reversed(sys.modules), max(0, len(sys.modules) - known)))
    files = (getattr(sys.modules.get(name), "__file__", None) for name in names)
    return sorted({file for file in files if isinstance(file, str) and file.startswith(inside)})
