"""A database of one connection, as a test or a run has it, by the DB API of Python."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from harness.services.base import Lease


class SqlLease(Lease):
    """A database. A kind of it says how it is opened and what becomes of it."""

    def __init__(self) -> None:
        self._connections: list[Any] = []
        self._ended = False

    def connect(self) -> Any:
        """A connection of the DB API, each of whose statements is committed at once; closed after the test."""
        connection = self._opened()
        self._connections.append(connection)
        return connection

    def execute(self, statement: str, arguments: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one SQL statement; its rows, none for a statement that gives none."""
        connection = self._opened()
        try:
            cursor = connection.cursor()
            # Without arguments a percent sign is one: most drivers take a second argument, be it empty, for a format.
            cursor.execute(statement, *(() if arguments is None else (arguments,)))
            return list(cursor.fetchall()) if cursor.description is not None else []
        finally:
            connection.close()

    rows = execute

    def end(self) -> None:
        """Close what `connect` opened, and drop the database; a second call does nothing."""
        while self._connections:
            self._connections.pop().close()
        if not self._ended:
            self._ended = True
            self._drop()

    @abstractmethod
    def _opened(self) -> Any:
        """A new connection, each of whose statements is committed at once."""

    @abstractmethod
    def _drop(self) -> None:
        """Remove the database."""
