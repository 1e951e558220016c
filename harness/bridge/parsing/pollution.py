"""What a Dag file leaves changed in its process, and how it is put right, so that the checks themselves can go on."""

from __future__ import annotations

import builtins
import os
import signal
import sys
import threading
from types import ModuleType
from typing import Any

_KEPT = ("builtins", "time", "os", "json", "io", "sys", "pickle", "ast", "re", "datetime", "socket", "functools")
_OURS = {"sys": {"modules", "path", "argv", "stdout", "stderr", "stdin", "last_value"}}


class Before:
    """The process as it was before a file was parsed."""

    def __init__(self) -> None:
        self.cwd = os.getcwd()  # noqa: PTH109 - what the file would see
        self.environment = dict(os.environ)
        self.path = list(sys.path)
        self.signals = {number: signal.getsignal(number) for number in signal.valid_signals()}
        self.threads = {thread.ident for thread in threading.enumerate()}
        self.modules = {name: dict(vars(sys.modules[name])) for name in _KEPT if name in sys.modules}
        self.recursion = sys.getrecursionlimit()

    def changes(self, root: str) -> list[str]:
        """What is different now, each in a few words; files' own folders on ``sys.path`` do not count.

        Args:
            root: the repository: adding one of its folders to ``sys.path`` is custom.
        """
        return [*self._surroundings(root), *self._replaced()]

    def restore(self) -> None:
        """Put back what the checks need: builtins, standard modules, the working directory, the environment."""
        for name, kept in self.modules.items():
            _put_back(sys.modules.get(name) or __import__(name), kept)
        os.environ.clear()
        os.environ.update(self.environment)
        sys.setrecursionlimit(self.recursion)
        os.chdir(self.cwd)

    def _surroundings(self, root: str) -> list[str]:
        found = []
        try:
            now = os.getcwd()  # noqa: PTH109
        except OSError:
            now = "a folder that is gone"
        if now != self.cwd:
            found.append(f"the working directory is {now}")
        changed = {
            name for name in {*self.environment, *os.environ} if self.environment.get(name) != os.environ.get(name)
        }
        if changed:
            found.append(f"environment variables: {', '.join(sorted(changed))}")
        removed = [entry for entry in self.path if entry not in sys.path]
        added = [entry for entry in sys.path if entry not in self.path and not str(entry).startswith(root)]
        if added or removed:
            found.append(
                f"sys.path: {', '.join([f'+{entry}' for entry in added] + [f'-{entry}' for entry in removed])}"
            )
        moved = [n for n, handler in self.signals.items() if signal.getsignal(n) != handler]
        if moved:
            found.append(f"signal handlers: {', '.join(signal.Signals(number).name for number in sorted(moved))}")
        threads = [thread.name for thread in threading.enumerate() if thread.ident not in self.threads]
        if threads:
            found.append(f"threads still running: {', '.join(sorted(threads))}")
        return found

    def _replaced(self) -> list[str]:
        found = []
        for name, kept in self.modules.items():
            module, ours = sys.modules.get(name), _OURS.get(name, set())
            if module is None or not isinstance(module, ModuleType):
                found.append(f"the module {name} is replaced")
                continue
            now = vars(module)
            other = [key for key, value in kept.items() if key not in ours and now.get(key, _GONE) is not value]
            if name == "builtins":
                other += [key for key in now if key not in kept and key not in ("_",)]
            found += [f"{name}.{key} is replaced" for key in other if not key.startswith("__")]
        return found


_GONE: Any = object()


def _put_back(module: ModuleType, kept: dict[str, Any], _update: Any = dict.update, _vars: Any = builtins.vars) -> None:
    _update(_vars(module), kept)
