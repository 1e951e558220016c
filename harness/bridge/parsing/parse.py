"""Parse one Dag file in this process, which is thrown away afterwards, and keep all that happened."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.bridge.environment.plugins import LOADED, PluginFailure
from harness.bridge.loader import forget_dags, made_ready, modules_of, taken_from
from harness.bridge.parsing.import_errors import LoadFailure, failure_of
from harness.bridge.parsing.leftovers.guard import reaches
from harness.bridge.parsing.leftovers.pollution import Before, Change, Spoilt, State, keep, state
from harness.bridge.parsing.leftovers.put_off import Exits
from harness.bridge.parsing.shared_libraries import SHARED
from harness.bridge.parsing.watching import Users, is_airflows, raiser
from harness.bridge.parsing.watching.elapsed import Stopwatch
from harness.bridge.parsing.watching.places import Places
from harness.bridge.parsing.watching.watch import ActivityWatch, ObservedEvent, Place
from harness.project.libraries import may_set

if TYPE_CHECKING:
    from airflow.sdk import DAG


@dataclass(frozen=True)
class Warned:
    """A warning that was raised while a file was parsed.

    Attributes:
        path, line: where Python says it comes from.
        airflows: it is Airflow's or a provider's own.
        place: the line of the user's that it is about; None when it is somebody else's.
    """

    category: str
    message: str
    path: str
    line: int
    airflows: bool = False
    place: Place | None = None


@dataclass
class Parsed:
    """A Dag file, parsed.

    Attributes:
        dags: in order of their ids, validated, with templates read and cluster policies applied; not looked at for
            cycles. Two of one id are both here.
        found: how many Dags Airflow would take from the file, those that a policy or an error keeps out among them.
        lost: id, place and number of tasks of Dags that it made and Airflow does not find.
        failures: of the file, or of single Dags of it (with the Dag's id).
        seconds: time that the import took, less what this process waited for a processor.
        pollution: what the file left changed in its process.
        brought: packages of others that it imported -> how long that took.
        imported: files of the repository that it imported. libraries: of others, that were not there before.
        failed_plugins: those that did not load in this process.
        depends: see `harness.bridge.parsing.watching.depends`; it goes on to grow while the Dags are looked at.
        tampered: names of ours that it made others; they are put right.
        innocent: it left nothing in its process that the next file could meet.
        misled: it may have gone otherwise in a process in which no library was imported in advance.
        watch: what watched it.
    """

    path: Path
    root: Path
    places: Places
    users: Users
    dags: list[DAG] = field(default_factory=list)
    found: int = 0
    lost: list[tuple[str, Place, int]] = field(default_factory=list)
    failures: list[tuple[str | None, LoadFailure]] = field(default_factory=list)
    seconds: float = 0.0
    events: list[ObservedEvent] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)
    pollution: list[Change] = field(default_factory=list)
    brought: dict[str, float] = field(default_factory=dict)
    imported: list[str] = field(default_factory=list)
    libraries: list[str] = field(default_factory=list)
    failed_plugins: list[PluginFailure] = field(default_factory=list)
    depends: dict[str, list[int] | None] = field(default_factory=dict)
    tampered: list[str] = field(default_factory=list)
    innocent: bool = False
    misled: bool = False
    watch: ActivityWatch | None = None


_ANYTHING = BaseException  # by a name that no file has taken away
BRIEF_S = 0.25
"""An import that takes longer may have brought something that makes the next one's faster."""


def parse(
    path: Path,
    root: Path,
    places: Places,
    users: Users,
    watch: ActivityWatch,
    parsed_hook: Callable[[], None] = lambda: None,
    exits: Exits | None = None,
) -> Parsed:
    """Import a file, as Airflow's Dag processor does in a process of its own.

    Args:
        root: the Dag folder; on ``sys.path`` by the caller.
        places, watch: at work in this process already; what they hold of another file is dropped.
        parsed_hook: called when the file's own code has ended.
        exits: tries what the file has put off to the end of its process.
    Source: ``PythonDagImporter.import_file``, ``DagBag.bag_dag`` (3.3.2).
    """
    places.forget()
    result = Parsed(path, root, places, users, watch=watch)
    known, paths = len(sys.modules), list(sys.path)
    before, was, put_right = Before(users), state(), keep().guard.put_right
    modules, errors, spoilt = _import(path, before, watch, result)
    parsed_hook()
    result.pollution = before.changes(spoilt, watch.marks)
    watch.events += watch.of_forks()
    result.events = watch.events
    result.imported, result.libraries = _imported(users, known)
    result.depends = watch.depends.found
    texts = [Path(file).read_bytes() for file in (str(path), *result.imported) if Path(file).is_file()]
    watch.depends.texts(texts, users.roots[0])
    result.failed_plugins = sorted(LOADED.failed.values())
    result.depends |= dict.fromkeys(_of_plugins(users))
    if path.suffix != ".py" or any(map(reaches, texts)):
        result.tampered = put_right()
    taken: list[tuple[Any, Any]] = []
    try:
        taken = taken_from(modules)
    except Exception as raised:
        errors.append(raised)
    forget_dags()
    result.failures += [(None, failure_of(path, users, raised, result.events)) for raised in errors]
    result.found = len(taken)
    for dag, module in taken:
        _take(dag, module, result)
    result.lost = result.places.lost([dag for dag, _ in taken], str(path))
    result.innocent = _left_nothing(result, modules, known, was)
    if exits is not None:
        _ended(result, modules, exits, watch, any(b"__del__" in text for text in texts))
    if used := SHARED.used_by([str(path), *result.imported]):
        result.misled = _may_be_misled(result, watch) or SHARED.overtaken(paths, spoilt.path)
        _charge(result, used)
    return result


def _of_plugins(users: Users) -> Iterator[str]:
    """What the file depends on since plugins were loaded before it.

    Nobody watched what a plugin that failed had asked for: all of it may make it load the next time.
    """
    yield from (f"file:{file}" for file in LOADED.files if users.own(file))
    if LOADED.failed:
        yield "env:*"
        yield from (f"{kind}:{root}" for kind in ("data", "sources") for root in users.roots)


def _ended(result: Parsed, modules: list[Any], exits: Exits, watch: ActivityWatch, deaths: bool) -> None:
    """Add what the file would do at the end of its process."""
    exits.tried(modules, deaths)
    if exits.kept or deaths:
        result.innocent = False
        changes = [event for event in watch.of_forks() if event.kind in ("write", "process")]
        watch.events += [event for event in changes if event not in watch.events]


def _may_be_misled(result: Parsed, watch: ActivityWatch) -> bool:
    """Whether the repository's code changed what a library that is imported after that would have met with."""
    set_by_it = any(what == "env" and place is not None for (what, _), place in watch.marks.items())
    return set_by_it or bool(result.pollution or result.tampered)


def _charge(result: Parsed, used: list[str]) -> None:
    """Have a file answer for libraries that were imported in advance as if it had imported them."""
    result.innocent = result.innocent and not may_set(result.path.read_bytes(), used)
    for name in used:
        package = name.partition(".")[0]
        result.brought[package] = result.brought.get(package, 0.0) + SHARED.seconds[name]
    result.seconds += sum(result.brought.values())


def _left_nothing(result: Parsed, modules: list[Any], known: int, was: State) -> bool:
    """Whether another file may follow in this process; then the file's own module is taken out of it."""
    traces = result.failures or result.pollution or result.tampered or result.events
    if traces or state() != was or result.seconds > BRIEF_S or result.path.suffix != ".py":
        return False
    own = {module.__name__ for module in modules}
    if set(_newest(len(sys.modules) - known)) != own:
        return False
    for name in own:
        _kept_alive.append(sys.modules.pop(name))
    return True


_kept_alive: list[Any] = []
"""Modules of files that others followed in this process: production never frees them."""


def _import(
    path: Path, before: Before, watch: ActivityWatch, result: Parsed
) -> tuple[list[Any], list[BaseException], Spoilt]:
    """Run the file's own code. What follows it runs in a process put right, with names that no file could spoil."""
    modules: list[Any] = []
    errors: list[BaseException] = []
    record = _recorder(result.warned, watch, result.users)
    stopwatch = Stopwatch()
    gettrace, settrace, getprofile, setprofile = sys.gettrace, sys.settrace, sys.getprofile, sys.setprofile
    catching = warnings.catch_warnings()
    catching.__enter__()
    warnings.simplefilter("always")
    warnings.showwarning = record
    watch.begin(str(path))
    stopwatch.start()
    try:
        errors += modules_of(path, modules)
    except BaseException as raised:
        errors.append(raised)
    traced = False
    for _ in (1, 2, 3):  # a trace function that raises does so at whatever we call, once, and is gone then
        try:
            traced = traced or gettrace() is not None or getprofile() is not None
            settrace(None)
            setprofile(None)
        except BaseException:
            traced = True
    result.seconds = stopwatch.stop()
    try:  # noqa: SIM105 - a file may have spoilt the builtins that suppress() uses
        watch.settle()
    except _ANYTHING:  # whatever the file made of threads and processes
        pass
    watch.active = False
    spoilt = before.restore(traced)
    catching.__exit__(None, None, None)
    return modules, errors, spoilt


def _recorder(into: list[Warned], watch: ActivityWatch, users: Users) -> Callable[..., None]:
    known: set[Warned] = set()

    def record(message: Warning, category: type[Warning], filename: str, lineno: int, *_: Any) -> None:
        by = raiser()
        place = (filename, lineno) if users.own(filename) else watch.place() if by in _OPERATORS else None
        warned = Warned(category.__name__, str(message), filename, lineno, is_airflows(category, by), place)
        if warned not in known:  # a loop warns each time round
            known.add(warned)
            into.append(warned)

    return record


_OPERATORS = ("airflow.sdk.bases.operator", "airflow.models.baseoperator")
"""Warn of an operator's arguments, from below the constructors of its bases: whatever those say, the user gave them."""


def _take(dag: Any, module: Any, into: Parsed) -> None:
    try:
        if made_ready(dag, module, into.root):
            into.dags.append(dag)
    except BaseException as error:
        failure = failure_of(into.path, into.users, error, into.events)
        place = into.places.of_dag(dag)
        if place is not None and place[0] == failure.path:  # it is about the Dag, whoever refuses it
            failure = replace(failure, line=place[1], where=None)
        into.failures.append((dag.dag_id, failure))


def _imported(users: Users, known: int) -> tuple[list[str], list[str]]:
    """Files of the modules that came after the first ``known``: the repository's, and those of others.

    What lies in an archive is no file: the archive is.
    Only those are touched: what a fork shares with its parent is copied when it is looked at.
    """
    modules = (sys.modules.get(name) for name in _newest(len(sys.modules) - known))
    files = {file for module in modules if isinstance(file := getattr(module, "__file__", None), str)}
    own = {file for file in files if users.own(file)}
    return sorted(file for file in own if Path(file).is_file()), sorted(files - own)


def _newest(count: int) -> list[str]:
    """Names of the modules that were imported last."""
    return list(islice(reversed(sys.modules), max(0, count)))
