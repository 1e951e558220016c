"""The repository's functions that tasks run: their own, those that these call by name, and what they read."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from harness.bridge.operators import class_of
from harness.checks.callables import callable_of, content_of, plain

_METHODS = ("execute", "poke")
_MOST = 500


def functions_of(task: Any, own: Callable[[str], bool]) -> list[FunctionType]:
    """What a task runs, as far as the repository defines it: its callable, its class's ``execute`` or ``poke``."""
    operator = class_of(task)
    found = [plain(callable_of(task)), *(plain(getattr(operator, name, None)) for name in _METHODS)]
    return [one for one in found if isinstance(one, FunctionType) and own(one.__code__.co_filename)]


def reached_from(function: FunctionType, own: Callable[[str], bool]) -> list[FunctionType]:
    """A function and those of the repository that it calls, in turn; by name, without running anything."""
    found = {function.__code__: function}
    rest = [function]
    while rest and len(found) < _MOST:
        for one in _named(rest.pop()):
            if one.__code__ not in found and own(one.__code__.co_filename):
                found[one.__code__] = one
                rest.append(one)
    return list(found.values())


def codes(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of the functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def names_in(function: FunctionType) -> set[str]:
    """Every global name and attribute that a function's code names."""
    return {name for code in codes(function.__code__) for name in code.co_names}


def free_names(function: FunctionType) -> set[str]:
    """Names from outside that a function and those defined in it read: global ones, those of functions around it."""
    read = {name for code in codes(function.__code__) for name in _globals_of(code)}
    return read | set(function.__code__.co_freevars)


def undefined_names(function: Any) -> list[str]:
    """Global names that a function and those defined in it read and that nobody defines."""
    if not isinstance(function, FunctionType) or "NameError" in function.__code__.co_names:
        return []
    known = function.__globals__
    builtins = known.get("__builtins__", {})
    names = known.keys() | (builtins if isinstance(builtins, dict) else vars(builtins)).keys()
    return sorted({name for code in codes(function.__code__) for name in _globals_of(code)} - names)


def _globals_of(code: CodeType) -> set[str]:
    found = [(one.opname, one.argval) for one in dis.get_instructions(code)]
    made = {name for operation, name in found if operation in ("STORE_GLOBAL", "STORE_NAME")}
    return {name for operation, name in found if operation in ("LOAD_GLOBAL", "LOAD_NAME")} - made


def _named(function: FunctionType) -> Iterator[FunctionType]:
    names, known = names_in(function), function.__globals__
    values = [known.get(name) for name in names]
    values += [content_of(cell) for cell in function.__closure__ or ()]
    for value in values:
        target = plain(value) if callable(value) else value
        if isinstance(target, FunctionType):
            yield target
        elif isinstance(target, ModuleType):
            inner = vars(target)
            yield from (one for name in names if isinstance(one := plain(inner.get(name)), FunctionType))
