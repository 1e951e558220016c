"""``wall-clock``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from harness.checks.callables import plain, returned
from harness.checks.content.bindings import Bindings
from harness.checks.content.moments import MOMENT, STAMP, TEXT, Moment, Moments, reads_clock
from harness.checks.content.reached import functions_of, names_in, reached_from
from harness.checks.context import FileContext
from harness.checks.registry import check
from harness.checks.texts import called, literal
from harness.results.finding import Problem

_DATES = {
    *("as_of", "as_of_date", "date", "date_str", "day", "ds", "dt", "for_date", "from_date", "to_date", "date_from"),
    *("date_to", "partition", "partition_date", "report_date", "run_date", "start_date", "end_date", "snapshot_date"),
}
"""Names of what stands for the day that data are of."""
_FILE = re.compile(r"/|\.(?:csv|tsv|json|jsonl|ndjson|parquet|avro|orc|txt|xml|xlsx?|gz|zip|tar|pkl|html|pdf)\b", re.I)
_KEPT_APART = re.compile(r"\b(?:logs?|te?mp|backups?|archives?|dumps?)\b|_(?:te?mp|backup|dump)(?=[_./])", re.I)
"""Of files that are named after the instant they are written: logs, and copies of what there is at the time."""
_FILE_VERBS = {
    *("open", "to_csv", "to_json", "to_parquet", "to_excel", "to_pickle", "to_feather", "read_csv", "read_json"),
    *("read_parquet", "read_excel", "write_text", "write_bytes", "read_text", "read_bytes", "load_file", "load_string"),
    *("load_bytes", "upload", "upload_file", "upload_fileobj", "download_file", "put_object", "get_object", "read_key"),
    *("check_for_key", "store_file", "retrieve_file"),
}
_SQL = re.compile(
    r"^\s*(?:select\b.*\bfrom|insert\s+(?:into|overwrite)|update\b.*\bset|merge\s+into|with\s+\w+\s+as|call)\b",
    re.I | re.S,
)
_SAYS = {"print", "debug", "info", "warning", "warn", "error", "exception", "critical", "log", "format", "join", "str"}
_CLEANS = re.compile(r"delete|remove|unlink|rmtree|purge|clean|drop|expire", re.I)


@check("wall-clock", severity="warning", level="file")
def wall_clock(file: FileContext) -> Iterator[Problem]:
    """Task code that takes the day it works on from the wall clock.

    A backfill, a retry after midnight, a cleared run of last week: each of them writes today's date over the day it was
    made for, and nobody sees an error. Looked at are Dags with a schedule, and of them the functions of tasks, the
    ``execute`` and ``poke`` of the repository's operators, and the repository's functions that these call. Told is a
    date from ``datetime.now()``, ``date.today()``, ``pendulum.now()``, ``pandas.Timestamp.now()`` or ``time.time()``
    that becomes the name of a file or a key, part of an SQL statement, an argument or a key with the name of a date
    (``day=``, ``partition=``), or what the task returns. Not told: durations and timeouts, logs and files of logs,
    backups, columns like ``loaded_at``, names with minutes or seconds in them, what deletes or only compares, and
    whatever is not sure. It is told from the code: nothing is run. To see what a task makes of two dates, ``simulate``
    both.

    Fix: the run's own date: a parameter ``ds`` or ``logical_date`` of the task's function, ``context["logical_date"]``.
    """
    known: set[tuple[str, int]] = set()
    reader = _TaskFunctions(file)
    for dag in file.dags:
        for task in dag.tasks if dag.is_periodic else ():
            for function in functions_of(task, file.users.own):
                for found in reader.of_task(function):
                    path, line = found.moment.path, found.moment.line
                    if (path, line) not in known:
                        known.add((path, line))
                        here = (task.task_id, dag.dag_id) if path == file.path else (None, None)
                        yield Problem(found.message(file.path), here[0], line, path, _FIX, here[1])


_FIX = 'the run\'s own date: a parameter ds or logical_date, or context["logical_date"]'


@dataclass(frozen=True)
class _Found:
    """A use of the wall clock: what is done with ``{}``, where it is read."""

    function: str
    use: str
    moment: Moment

    def message(self, path: str) -> str:
        """What is said of it; in a module, which many tasks may call, without the task's function."""
        said = f"{self.function} {self.use.format(self.moment.name)}"
        if path != self.moment.path:
            said = f"{self.moment.name} gives tasks the date that they work on"
        return f"{said}: a run of another day works on the day that it happens to run on"


class _TaskFunctions:
    """Reads the functions of a file's tasks, each once."""

    def __init__(self, file: FileContext) -> None:
        self._file = file
        self._read: dict[Any, list[_Found]] = {}
        self._returned: dict[Any, Moment | None] = {}

    def of_task(self, function: FunctionType) -> list[_Found]:
        """What is told of a task's function and of those it calls."""
        if function.__code__ not in self._read:
            reached = reached_from(function, self._file.users.own)
            found: list[_Found] = []
            if any(reads_clock(names_in(one)) for one in reached):
                found = [reported for one in reached for reported in self._of(one, one is function)]
            self._read[function.__code__] = found
        return self._read[function.__code__]

    def _of(self, function: FunctionType, is_task: bool) -> Iterator[_Found]:
        made = self._made(function)
        if made is None:
            return
        bindings, moments = made
        name = f"{function.__qualname__.rpartition('<locals>.')[2]}()"
        for node in bindings.nodes:
            for value, what in _uses(node):
                moment = moments.of(value)
                if moment is not None and (reported := _reported(moment, what)):
                    yield _Found(name, reported, moment)
        for result in returned(bindings.node) if is_task and not _is_poke(function) else ():
            moment = moments.of(result)
            if moment is not None and moment.day and (moment.form in (MOMENT, STAMP) or _meant(moment)):
                yield _Found(name, "returns {}", moment)
            for part in _parts(result, bindings):
                moment = moments.of(part)
                if moment is not None and moment.day and _meant(moment):
                    yield _Found(name, "returns a name after {}", moment)

    def _made(self, function: FunctionType) -> tuple[Bindings, Moments] | None:
        definition = self._file.definitions.of(function)
        if definition is None:
            return None
        bindings = Bindings(definition.node, function)
        return bindings, Moments(bindings, definition.path, self._result)

    def _result(self, function: Any) -> Moment | None:
        """What another function of the repository returns."""
        function = plain(function) if callable(function) else None
        if not isinstance(function, FunctionType) or not self._file.users.own(function.__code__.co_filename):
            return None
        code = function.__code__
        if code not in self._returned:
            self._returned[code] = None  # while it is looked for
            made = self._made(function)
            self._returned[code] = made[1].returned() if made is not None else None
        return self._returned[code]


def _is_poke(function: FunctionType) -> bool:
    return function.__name__ == "poke"


def _parts(node: ast.expr | None, bindings: Bindings) -> Iterator[ast.expr]:
    """What stands in a literal dictionary, list or tuple, however deep; also in one that has a name."""
    if isinstance(node, ast.Name) and bindings.is_local(node.id):
        assigned = bindings.assigned.get(node.id, [])
        if len(assigned) == 1 and isinstance(assigned[0], (ast.Dict, ast.List, ast.Tuple)):
            node = assigned[0]
    held = node.values if isinstance(node, ast.Dict) else getattr(node, "elts", ())
    for part in held:
        yield part
        if isinstance(part, (ast.Dict, ast.List, ast.Tuple)):
            yield from _parts(part, bindings)


def _uses(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """(value, what it is used as) of a node: ``call NAME``, or ``named NAME``."""
    if isinstance(node, ast.Call):
        name = called(node)
        if name in _SAYS or name.endswith(("Error", "Exception")) or _CLEANS.search(name):
            return
        for one in node.args:
            yield one, f"call {name}"
        if isinstance(node.func, ast.Attribute) and name in _FILE_VERBS:
            yield node.func.value, f"call {name}"
        for given in node.keywords:
            yield given.value, f"named {given.arg}" if given.arg in _DATES else f"call {name}"
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if (name := literal(key) or "") in _DATES:
                yield value, f"named {name}"
    elif isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Subscript):
        name = literal(target.slice) or ""
        yield from [(node.value, f"named {name}")] if name in _DATES else []


def _reported(moment: Moment, use: str) -> str | None:
    """What is said of a use of the wall clock; None for one that may be meant."""
    how, _, name = use.partition(" ")
    if moment.form == TEXT:
        if _SQL.match(moment.literal):
            return "puts {} into SQL" if moment.day or "where" in moment.literal.lower() else None
        named = moment.day and (_FILE.search(moment.literal) or name in _FILE_VERBS)
        return "names a file after {}" if named and not _KEPT_APART.search(moment.literal) else None
    if not moment.day or moment.form not in (MOMENT, STAMP):
        return None
    if how == "named":
        return f"gives {{}} as {name!r}"
    if name == "xcom_push":
        return "pushes {}"
    return "names a file after {}" if name in _FILE_VERBS and moment.form == STAMP else None


def _meant(moment: Moment) -> bool:
    if moment.form != TEXT or _KEPT_APART.search(moment.literal):
        return False
    return (_FILE.search(moment.literal) or _SQL.match(moment.literal)) is not None
