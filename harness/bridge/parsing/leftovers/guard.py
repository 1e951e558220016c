"""What looks at a Dag file, kept as it was: a file runs in the same process, and could change it."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator
from types import FunctionType
from typing import Any

globals()["__builtins__"] = dict(vars(builtins))

_OURS = "harness."
_REACHES = re.compile(
    rb"harness|\bgc\b|_getframe|currentframe|_current_frames|f_back|tb_frame|sys\.modules|__subclasses__|settrace"
    rb"|setprofile|inspect\.stack"
)
"""What a file says that comes to objects of others than those that it imports by name."""

Attributes = dict[str, Any]


class Guard:
    """Modules, classes, functions and tables of ours, as they are now."""

    def __init__(self) -> None:
        modules = {name: vars(module) for name, module in sys.modules.items() if name.startswith(_OURS)}
        self._names = [(name, held, dict(held)) for name, held in modules.items()]
        values = {id(value): (f"{name}.{key}", value) for name, held in modules.items() for key, value in held.items()}
        mine = [(name, value) for name, value in values.values() if _is_ours(value)]
        self._classes = [(name, one, dict(vars(one))) for name, one in mine if isinstance(one, type)]
        functions = [(name, one) for name, one in mine if isinstance(one, FunctionType)]
        for name, _, held in self._classes:
            functions += [(f"{name}.{key}", one) for key, one in held.items() if isinstance(one, FunctionType)]
        self._functions = [(name, one, one.__code__, one.__defaults__) for name, one in functions]
        self._tables = [(name, one, dict(one)) for name, one in values.values() if type(one) is dict and _stays(name)]
        entries = [(f"{name}[{key!r}]", one) for name, table, _ in self._tables for key, one in table.items()]
        ours = [(name, one) for name, one in entries if _is_ours(type(one)) and hasattr(one, "__dict__")]  # else fixed
        self._entries = [(name, vars(one), dict(vars(one))) for name, one in ours]

    def put_right(self) -> list[str]:
        """Put back what is another one now; the names of it."""
        return sorted({*self._put_back_attributes(), *self._put_back_tables()})

    def _put_back_attributes(self) -> Iterator[str]:
        for name, held, kept in self._names:
            for key in [key for key, value in kept.items() if held.get(key, held) is not value]:
                held[key] = kept[key]
                yield f"{name}.{key}"
        for name, owner, kept in self._classes:
            now = vars(owner)
            for key in [key for key, value in kept.items() if now.get(key, now) is not value]:
                setattr(owner, key, kept[key])
                yield f"{name}.{key}"
            for key in [key for key in now if key not in kept and not key.startswith("__")]:
                delattr(owner, key)
                yield f"{name}.{key}"
        for name, function, code, defaults in self._functions:
            if function.__code__ is not code or function.__defaults__ is not defaults:
                function.__code__, function.__defaults__ = code, defaults
                yield name

    def _put_back_tables(self) -> Iterator[str]:
        tables: list[tuple[str, Any, Attributes]] = [*self._tables, *self._entries]
        for name, table, kept in tables:
            other = [key for key, value in kept.items() if table.get(key, table) is not value]
            if other or len(table) != len(kept):
                table.clear()
                table.update(kept)
            if any(getattr(kept[key], "family", "") != "own" for key in other):  # the user's own may be made anew
                yield name


def reaches(text: bytes) -> bool:
    """Whether a file says anything that could come to us: else nobody has to look."""
    return _REACHES.search(text) is not None


def _stays(name: str) -> bool:
    """Whether a table is the same all the time."""
    return not name.rpartition(".")[2].startswith(("__", "_kept", "_modules_of_process"))


def _is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith(_OURS)
