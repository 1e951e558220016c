"""Plugins that do not load: Airflow logs the error and goes on without them, and here somebody is told.

Airflow keeps a text for each (``import_errors``), without the line. So the loggers of its loaders are listened to while
they load: they are called where the exception is at hand.
"""

from __future__ import annotations

import ast
import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.bridge.masking import masked

_LOADERS = (
    "airflow.plugins_manager",
    "airflow.sdk.plugins_manager",
    "airflow._shared.plugins_manager.plugins_manager",
    "airflow.sdk._shared.plugins_manager.plugins_manager",
)
_FOLDER = "$PLUGINS_FOLDER/"


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
