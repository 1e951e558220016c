"""Clients written in C, whose sockets Python does not see, judged where they are told whom to connect to.

A table: the module, its way to connect, and how its arguments name the servers. psycopg2 and psycopg (3) are what
Airflow's Postgres hook and SQLAlchemy use; MySQLdb and pymssql are those of Airflow's MySQL and Microsoft SQL hooks,
pyodbc that of its ODBC hook. Each is judged whether it is imported before or meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

from harness.bridge.after_import import AfterImport, found

Judge = Callable[[str, Any], None]
"""Called with host and port; raises NetworkRefused."""

Peers = Callable[[tuple[Any, ...], dict[str, Any]], Iterator[tuple[str, Any]]]
"""Host and port of each server that a call names."""

_FOLDERS = ("/", "@")
"""Of a unix socket."""


@contextmanager
def drivers_judged(judge: Judge) -> Iterator[None]:
    """Judge their connections for the block."""
    changed: list[tuple[Any, str, Any]] = []

    def judged(module: ModuleType) -> None:
        way, peers = DRIVERS[module.__name__]
        owner, name = found(module, way)
        if owner is not None:
            original = getattr(owner, name)
            changed.append((owner, name, original))
            setattr(owner, name, _judging(original, judge, peers, module))

    waiting = AfterImport(DRIVERS, judged)
    waiting.begin()
    try:
        yield
    finally:
        waiting.end()
        for owner, name, original in reversed(changed):  # of what was changed twice, the first is the original
            setattr(owner, name, original)


def _judging(original: Callable[..., Any], judge: Judge, peers: Peers, module: ModuleType) -> Callable[..., Any]:
    def connect(*args: Any, **kwargs: Any) -> Any:
        try:
            for host, port in peers(args, kwargs):
                judge(host, port)
        except ConnectionRefusedError as refused:  # not in the world, or a service that is down
            driver = sys.modules[module.__name__.partition(".")[0]]
            error: type[Exception] | None = getattr(driver, "OperationalError", None)
            if error is None:  # the driver's other kinds say that the call was wrong
                raise
            raise error(str(refused)) from refused
        return original(*args, **kwargs)

    return connect


def _of_libpq(parse: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Of a connection string of PostgreSQL, whose hosts and ports may be lists."""
    from importlib import import_module

    module, _, name = parse.rpartition(".")
    text = args[0] if args else kwargs.get("dsn", kwargs.get("conninfo", ""))
    given = getattr(import_module(module), name)(text)
    hosts = str(given.get("hostaddr") or given.get("host") or "").split(",")
    ports = str(given.get("port") or 5432).split(",")
    for position, host in enumerate(hosts):
        if host and not host.startswith(_FOLDERS):
            yield host, ports[position] if position < len(ports) else ports[-1]


def _of_names(
    hosts: tuple[str, ...], port: int, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Of arguments by name, or a host that comes first."""
    told = next((kwargs[name] for name in hosts if kwargs.get(name)), None)
    host = str(told or next((value for value in args if isinstance(value, str)), "") or "")
    if host and not host.startswith(_FOLDERS):
        name, _, own = host.replace(",", ":").partition(":")
        yield name, own or kwargs.get("port") or port


def _of_method(peers: Peers, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Of a method's arguments: its object comes first."""
    return peers(args[1:], kwargs)


def _of_odbc(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Of ``key=value;…``: a server as ``tcp:host,1433`` or ``host:port``, or a name of ``odbc.ini`` for one."""
    text = ";".join([*(str(value) for value in args), *(f"{name}={value}" for name, value in kwargs.items())])
    pairs = (part.partition("=") for part in text.split(";"))
    given = {name.strip().lower(): value.strip().strip("{}") for name, _, value in pairs if value.strip()}
    named = ("server", "servername", "host", "hostname", "address", "addr", "network address", "dsn")
    server = next((given[name] for name in named if name in given), "")
    if server and not server.startswith(_FOLDERS):
        host, _, port = server.removeprefix("tcp:").replace(",", ":").partition(":")
        yield host, port or given.get("port")


DRIVERS: dict[str, tuple[str, Peers]] = {
    "psycopg2": ("_connect", partial(_of_libpq, "psycopg2.extensions.parse_dsn")),
    "psycopg.generators": ("connect", partial(_of_libpq, "psycopg.conninfo.conninfo_to_dict")),
    "MySQLdb.connections": (
        "Connection.__init__",
        partial(_of_method, partial(_of_names, ("host",), 3306)),
    ),
    "pymssql": ("connect", partial(_of_names, ("server", "host"), 1433)),
    "pyodbc": ("connect", _of_odbc),
}
"""Module -> its way to connect, and how a call names the servers."""
