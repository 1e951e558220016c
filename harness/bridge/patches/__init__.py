"""What of Airflow is replaced for the length of a simulation; all of it is put back.

Here is how: attributes of modules, classes and objects, for the length of a block; or as soon as their module is there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Change = tuple[Any, str, Any]
"""(module, class or object, name, what stands there meanwhile)"""

ABSENT = object()
"""What stands there when nothing does."""

_Then = Callable[[ModuleType], None]


@contextmanager
def replaced(changes: Iterable[Change]) -> Iterator[None]:
    """Put them there; afterwards everything is as it was, also what was not there."""
    former: list[Change] = []
    try:
        for holder, name, value in changes:
            former.append((holder, name, vars(holder).get(name, ABSENT)))
            _put(holder, name, value)
        yield
    finally:
        for change in reversed(former):
            _put(*change)


def _put(holder: Any, name: str, value: Any) -> None:
    if value is not ABSENT:
        setattr(holder, name, value)
    elif name in vars(holder):
        delattr(holder, name)


class AfterImport:
    """A finder that finds what the others find, and has something done to it once it is loaded.

    Args:
        names: of modules.
        then: what is done, once a module.
    """

    def __init__(self, names: Collection[str], then: _Then) -> None:
        self._names, self._then = names, then

    def begin(self) -> None:
        """Do it to those that are there, and wait for the others."""
        for name in self._names:
            if name in sys.modules:
                self._then(sys.modules[name])
        sys.meta_path.insert(0, self)

    def end(self) -> None:
        """Wait no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A finder's part."""
        if name not in self._names:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                if spec.loader is not None:
                    spec.loader = _LoaderThenCall(spec.loader, self._then)  # type: ignore[assignment]
                return spec
        return None


def found(module: Any, way: str) -> tuple[Any, str]:
    """Who has what a dotted name leads to, and its name there; None where this version has no such thing."""
    *parents, name = way.split(".")
    for parent in parents:
        module = getattr(module, parent, None)
    return (module, name) if hasattr(module, name) else (None, name)


class _LoaderThenCall:
    """A loader, and what is done after it."""

    def __init__(self, loader: Any, then: _Then) -> None:
        self._loader, self._then = loader, then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._then(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
