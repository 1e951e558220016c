"""The plugins of a project: macros, timetables, listeners, registered for a block; those that do not load are told.

Airflow loads plugins once a process, from the folder that its settings name then, and keeps what it made of them. In a
process that is somebody else's too, theirs are kept aside and stand there again after the block. There are two managers
from 3.2 on, the core's and the task SDK's.

Of a plugin that does not load Airflow logs the error and goes on without it. It keeps a text for each
(``import_errors``), without the line. So the loggers of its loaders are listened to while they load: they are called
where the exception is at hand.
"""

from __future__ import annotations

import ast
import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.bridge.masking import masked

_MANAGERS = ("airflow.plugins_manager", "airflow.sdk.plugins_manager")
_LISTENERS = ("airflow.listeners.listener", "airflow.sdk.listener")
_MACROS = "airflow.sdk.execution_time.macros"

_LOADERS = (
    "airflow.plugins_manager",
    "airflow.sdk.plugins_manager",
    "airflow._shared.plugins_manager.plugins_manager",
    "airflow.sdk._shared.plugins_manager.plugins_manager",
)
_FOLDER = "$PLUGINS_FOLDER/"


class Plugins:
    """Those of one project; its files are run once, however often they are registered.

    Attributes:
        failed: those that do not load, by path; Airflow leaves them out.
    """

    def __init__(self) -> None:
        self.failed: dict[str, PluginFailure] = {}
        self._getters: dict[str, Any] = {}
        self._states: dict[str, dict[str, Any]] = {}

    @contextmanager
    def registered(self, folder: Path | None) -> Iterator[None]:
        """Load them as Airflow does; Airflow's settings name their folder already.

        Args:
            folder: None: the project has none, and nothing is loaded.
        """
        if folder is None:
            yield
            return
        with ExitStack() as stack:
            managers = [manager for manager in map(imported, _MANAGERS) if manager is not None]
            for manager in managers:
                stack.enter_context(self._own(manager))
            stack.enter_context(_macros_taken_away())
            with noted(self.failed):
                for manager in managers:
                    manager.integrate_macros_plugins()
                stack.enter_context(_listening())
            refused_namesakes(managers[0], folder, self.failed)
            yield

    @contextmanager
    def _own(self, manager: ModuleType) -> Iterator[None]:
        """The manager with nothing in it but ours."""
        if hasattr(manager, "_get_plugins"):
            with self._cached(manager):
                yield
            return
        fresh = {name: _empty(value) for name, value in vars(manager).items() if _is_state(name, value)}
        former = {name: vars(manager)[name] for name in fresh}
        vars(manager).update(self._states.get(manager.__name__, fresh))
        vars(manager)["macros_modules"] = None  # taken away after each block
        try:
            yield
        finally:
            self._states[manager.__name__] = {name: vars(manager)[name] for name in fresh}
            vars(manager).update(former)

    @contextmanager
    def _cached(self, manager: ModuleType) -> Iterator[None]:
        """3.2 and later: every answer is cached, all of them made of ``_get_plugins``."""
        former = manager._get_plugins
        derived = [one for one in vars(manager).values() if hasattr(one, "cache_clear") and one is not former]
        getter = self._getters.setdefault(manager.__name__, cache(former.__wrapped__))
        manager._get_plugins = getter  # type: ignore[attr-defined]
        for one in derived:
            one.cache_clear()
        try:
            yield
        finally:
            manager._get_plugins = former  # type: ignore[attr-defined]
            for one in derived:
                one.cache_clear()


@contextmanager
def _macros_taken_away() -> Iterator[None]:
    """What is added to Airflow's macros within is gone afterwards."""
    macros = importlib.import_module(_MACROS)
    names, modules = dict(vars(macros)), {name for name in sys.modules if name.startswith(f"{_MACROS}.")}
    try:
        yield
    finally:
        for name in [name for name in vars(macros) if name not in names]:
            delattr(macros, name)
        vars(macros).update(names)
        for name in [name for name in sys.modules if name.startswith(f"{_MACROS}.") and name not in modules]:
            del sys.modules[name]


@contextmanager
def _listening() -> Iterator[None]:
    """The plugins' listeners beside those that somebody registered by hand."""
    with ExitStack() as stack:
        for name in _LISTENERS:
            module = imported(name)
            if module is None:
                continue
            made_now = not _has_manager(module)
            manager = module.get_listener_manager()
            if made_now:
                stack.callback(_forget_manager, module)
                continue
            before = set(map(id, manager.pm.get_plugins()))
            module.integrate_listener_plugins(manager)
            added = [one for one in manager.pm.get_plugins() if id(one) not in before]
            for one in added:
                stack.callback(manager.pm.unregister, one)
        yield


def _has_manager(module: ModuleType) -> bool:
    get = module.get_listener_manager
    if hasattr(get, "cache_info"):
        return bool(get.cache_info().currsize)
    return module._listener_manager is not None


def _forget_manager(module: ModuleType) -> None:
    if hasattr(module.get_listener_manager, "cache_clear"):
        module.get_listener_manager.cache_clear()
    else:
        module._listener_manager = None  # type: ignore[attr-defined]


def _is_state(name: str, value: Any) -> bool:
    """What ``plugins_manager`` of 3.1 keeps: names of its own, empty or filled."""
    return name.islower() and not name.startswith("_") and (value is None or isinstance(value, (list, dict, set)))


def _empty(value: Any) -> Any:
    return type(value)() if isinstance(value, (dict, set)) else None


@dataclass
class LoadedPlugins:
    """What `load_once` came to.

    Attributes:
        failed: those that did not load, by path.
        files: of the modules that came with them.
    """

    failed: dict[str, PluginFailure] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


LOADED = LoadedPlugins()
"""The plugins of this process, where it is a gate's: one for the process, as Airflow has it."""


def load_once(folder: Path | None, path: list[str]) -> None:
    """Load the plugins for as long as this process lives, as a Dag processor does; what came of it stands in `LOADED`.

    Args:
        folder: None: the project has none, and Airflow is left to look for installed ones when it needs them.
        path: what the project adds to ``sys.path``, there while they load.
    """
    if folder is None:
        return
    known, added = len(sys.modules), [entry for entry in path if entry not in sys.path]
    sys.path += added
    managers = [manager for manager in map(imported, _MANAGERS) if manager is not None]
    try:
        with noted(LOADED.failed):
            for manager in managers:
                (getattr(manager, "ensure_plugins_loaded", None) or manager._get_plugins)()
    finally:
        sys.path[:] = [entry for entry in sys.path if entry not in added]
    refused_namesakes(managers[0], folder, LOADED.failed)
    new = islice(reversed(list(sys.modules.values())), max(0, len(sys.modules) - known))
    LOADED.files = sorted({file for one in new if isinstance(file := getattr(one, "__file__", None), str)})


@dataclass(frozen=True, order=True)
class PluginFailure:
    """A plugin that Airflow leaves out.

    Attributes:
        path: its file; of a plugin that is installed, the file in which its error was raised.
        line: of the plugin's own code; of its class, where the class is refused.
        reason: the exception, or what Airflow says.
    """

    path: str
    line: int
    reason: str

    @property
    def message(self) -> str:
        """One sentence of fact."""
        return f"plugin {Path(self.path).name!r} does not load: {self.reason}"

    @property
    def fix(self) -> str:
        """One remedy."""
        return "correct it; Airflow logs this and goes on without its macros, timetables and listeners"


@contextmanager
def noted(into: dict[str, PluginFailure]) -> Iterator[None]:
    """Note each plugin that does not load within the block; of the two managers of Airflow, the first to say so.

    Args:
        into: by path.
    """
    modules = [module for module in map(imported, _LOADERS) if module is not None]
    loggers = [(module, vars(module)["log"]) for module in modules if "log" in vars(module)]

    def note(told: str) -> None:
        error = sys.exc_info()[1]
        failure = _failure(told, error) if error is not None else None
        if failure is not None:
            into.setdefault(failure.path, failure)

    for module, logger in loggers:
        vars(module)["log"] = _Log(logger, note)
    try:
        yield
    finally:
        for module, logger in loggers:
            vars(module)["log"] = logger


def refused_namesakes(manager: ModuleType, folder: Path, into: dict[str, PluginFailure]) -> None:
    """Note what raised nothing and is left out all the same: a second plugin of one name.

    Source: ``airflow.plugins_manager._get_plugins`` (3.3.2); earlier ones say nothing of it.
    """
    getter = vars(manager).get("_get_plugins")
    known = {Path(path).name for path in into}
    for source, said in getter()[1].items() if getter is not None else ():
        path = folder / source.removeprefix(_FOLDER)
        if source.startswith(_FOLDER) and path.name not in known and path.is_file():
            into[str(path)] = PluginFailure(str(path), _line_of_class(path), masked(said))


def imported(name: str) -> ModuleType | None:
    """A module of Airflow's, where this version has it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


class _Log:
    """A logger that is listened to."""

    def __init__(self, logger: Any, note: Any) -> None:
        self._logger, self._note = logger, note

    def exception(self, message: str, *args: Any, **kwargs: Any) -> None:
        """Note what is being handled, and log it as ever."""
        self._note(str(args[0]) if args else "")
        self._logger.exception(message, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger, name)


def _failure(told: str, error: BaseException) -> PluginFailure | None:
    """The failure of the plugin that Airflow names by its file, or by its name: then its frame tells the file."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if not _is_of_a_loader(frame.filename)]
    path = told if told.endswith(".py") else theirs[0].filename if theirs else ""
    if not path:
        return None
    own = [frame.lineno for frame in frames if frame.filename == path]
    line, said = own[-1] if own else None, str(error)
    if isinstance(error, SyntaxError) and error.filename == path:
        line, said = error.lineno, error.msg
    reason = masked(": ".join([type(error).__name__, *said.strip().splitlines()[:1]]))
    return PluginFailure(path, line or _line_of_class(Path(path)), reason)


def _is_of_a_loader(filename: str) -> bool:
    modules = (sys.modules.get(name) for name in _LOADERS)
    return filename.startswith("<frozen ") or any(filename == getattr(module, "__file__", None) for module in modules)


def _line_of_class(path: Path) -> int:
    """Line of the first class of a file that is made from ``AirflowPlugin``; 1 where none is."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return 1
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    return next((one.lineno for one in classes if "AirflowPlugin" in map(_last_name, one.bases)), 1)


def _last_name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]
