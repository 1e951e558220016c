"""Clients written in C, whose sockets Python does not see, judged where they are told whom to connect to.

psycopg2, by which Airflow's Postgres hook and SQLAlchemy connect; imported before or meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from harness.errors import NetworkRefused

NAME, WAY = "psycopg2", "_connect"
PORT = 5432

Judge = Callable[[str, Any], None]
"""Called with host and port; raises NetworkRefused."""


@contextmanager
def drivers_judged(judge: Judge) -> Iterator[None]:
    """Judge their connections for the block."""
    watched = _Drivers(judge)
    watched.begin()
    try:
        yield
    finally:
        watched.end()


class _Drivers:
    """A finder that waits for the module, and what it has put into it."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._original: Any = None

    def begin(self) -> None:
        if NAME in sys.modules:
            self.judged(sys.modules[NAME])
        else:
            sys.meta_path.insert(0, self)

    def end(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        if self._original is not None:
            setattr(sys.modules[NAME], WAY, self._original)

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """A finder's part: what the others find, with `judged` after it is loaded."""
        if name != NAME:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                loader: Any = _Then(spec.loader, self.judged)
                spec.loader = loader
                return spec
        return None

    def judged(self, module: ModuleType) -> None:
        """Put the judgement before the driver's own connect."""
        original = self._original = getattr(module, WAY)
        judge = self._judge

        def connect(dsn: str, *args: Any, **kwargs: Any) -> Any:
            try:
                for host, port in _peers(module, dsn):
                    judge(host, port)
            except NetworkRefused as refused:
                error: type[Exception] = vars(module)["OperationalError"]
                raise error(str(refused)) from refused
            return original(dsn, *args, **kwargs)

        setattr(module, WAY, connect)


class _Then:
    """A loader, and what is done after it."""

    def __init__(self, loader: Any, then: Callable[[ModuleType], None]) -> None:
        self._loader, self._then = loader, then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._then(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


def _peers(module: Any, dsn: str) -> Iterator[tuple[str, Any]]:
    """Host and port of each server that a connection string names; a folder is that of a unix socket."""
    given = module.extensions.parse_dsn(dsn)
    hosts = str(given.get("hostaddr") or given.get("host") or "").split(",")
    ports = str(given.get("port") or PORT).split(",")
    for position, host in enumerate(hosts):
        if host and not host.startswith(("/", "@")):
            yield host, ports[position] if position < len(ports) else ports[-1]
