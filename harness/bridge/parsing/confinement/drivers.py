"""Database drivers written in C, which Python's audit events do not see: their ``connect`` is refused when imported."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from harness.bridge.after_import import AfterImport, found
from harness.bridge.parsing.watching.watch import ActivityWatch, Refused

DRIVERS: dict[str, tuple[str, ...]] = {
    "psycopg2": ("connect",),
    "psycopg": ("connect", "Connection.connect", "AsyncConnection.connect"),
    "MySQLdb": ("connect", "Connect"),
    "pyodbc": ("connect",),
    "pymssql": ("connect",),
    "oracledb": ("connect", "connect_async", "create_pool"),
    "cx_Oracle": ("connect", "SessionPool"),
    "ibm_db": ("connect", "pconnect"),
    "teradatasql": ("connect",),
    "hdbcli.dbapi": ("connect",),
    "adbc_driver_postgresql.dbapi": ("connect",),
}
"""Module -> its ways to connect."""


class Drivers:
    """Refuses connections of C drivers, of those imported already and of those that a file imports."""

    def __init__(self, watch: ActivityWatch) -> None:
        self._watch = watch

    def install(self) -> None:
        """From now on, in a process that is thrown away."""
        AfterImport(DRIVERS, self.refuse).begin()

    def refuse(self, module: ModuleType) -> None:
        """Put a refusal where a driver connects."""
        for way in DRIVERS[module.__name__]:
            owner, name = found(module, way)
            if owner is not None:
                setattr(owner, name, self._refusal(module))

    def _refusal(self, module: ModuleType) -> Callable[..., Any]:
        def connect(*args: Any, **kwargs: Any) -> Any:
            try:
                self._watch.refuse("database", f"{module.__name__}: {_where(args, kwargs)}", 101, "the network is off")
            except Refused as refused:
                error = getattr(module, "OperationalError", None)
                if error is None:
                    raise
                raise error(str(refused)) from refused

        return connect


def _where(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The host and the database, and no password."""
    names = ("host", "server", "dsn", "hostname", "port", "dbname", "database", "db", "service_name")
    parts = [f"{name}={kwargs[name]}" for name in names if kwargs.get(name) and name != "dsn"]
    words = str(args[0] if args else kwargs.get("dsn", "")).split()
    parts += [word for word in words if word.partition("=")[0].lower() in names]
    parts += [word.rpartition("@")[2] for word in words if "://" in word]
    return " ".join(parts) or "a database"
