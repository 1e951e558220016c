"""What a Dag file has put off to the end of its process: exit functions, finalisers, ``__del__`` of what it holds.

Children end without it. It is done in a fork of the process, so that what it would change is told.
"""

from __future__ import annotations

import atexit
import builtins
import functools
import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from harness.bridge.parsing.confinement import apart
from harness.bridge.parsing.watching import Users
from harness.bridge.parsing.watching.watch import ActivityWatch, Place

globals()["__builtins__"] = dict(vars(builtins))

SECONDS = 1.0
"""Real time that all of it has."""

_OF_FILES = {"posix", "os", "shutil", "pathlib", "subprocess"}

Exit = tuple[Place, Callable[[], Any]]


class Exits:
    """Keeps what the user's code registers.

    Attributes:
        kept: (line, what is called) in the order of registration.
    """

    def __init__(self, watch: ActivityWatch, users: Users) -> None:
        self.kept: list[Exit] = []
        self._watch, self._users = watch, users
        atexit.register = self._noted_exit(atexit.register)
        finalize: Any = weakref.finalize
        finalize.__init__ = self._noted_finaliser(finalize.__init__)

    def _noted_exit(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def register(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            if self._is_users(function) and (place := self._watch.place()) is not None:
                self.kept.append((place, lambda: function(*args, **kwargs)))
            return original(function, *args, **kwargs)

        return register

    def _noted_finaliser(self, original: Callable[..., None]) -> Callable[..., None]:
        def __init__(finaliser: Any, subject: Any, function: Any, /, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            original(finaliser, subject, function, *args, **kwargs)
            if self._is_users(function) and (place := self._watch.place()) is not None:
                self.kept.append((place, finaliser))

        return __init__

    def _is_users(self, function: Any) -> bool:
        """Whether it is the user's own code, or the standard library's for files; what libraries tidy up is theirs."""
        while isinstance(function, functools.partial):
            function = function.func
        code = getattr(function, "__code__", None)
        path = getattr(code, "co_filename", "")
        return self._users.own(path) or str(getattr(function, "__module__", "")).split(".")[0] in _OF_FILES

    def tried(self, modules: list[Any], deaths: bool) -> None:
        """Do it all, where it can change nothing; the watch tells.

        Args:
            modules: the file's own.
            deaths: objects of the file have something to say when they die.
        """
        if self.kept or deaths:
            self._watch.forked = True
            apart(lambda: self._done(modules), self._watch, SECONDS)

    def _done(self, modules: list[Any]) -> Iterator[Any]:
        for place, function in reversed(self.kept):
            self._watch.behind = place
            with suppress(BaseException):
                function()
        self._watch.behind = None
        for module in modules:
            vars(module).clear()
        gc.collect()
        yield from ()
