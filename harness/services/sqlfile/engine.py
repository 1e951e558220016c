"""What tells one database in a file from another: how it is opened, asked for its tables, and filled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol


class SqlFileEngine(Protocol):
    """A kind of database in a file.

    Attributes:
        name: of the service, and Airflow's connection type.
        title: as a sentence has it: ``DuckDB``.
        error: what it raises.
    """

    name: str
    title: str
    error: type[Exception]

    def connect(self, path: Path) -> Any:
        """A connection of the DB API, each of whose statements is committed at once."""

    def tables(self, connection: Any) -> list[tuple[str, list[str]]]:
        """Its tables and the columns of their primary keys; a schema stands before all but the usual one's."""

    def statements(self, text: str) -> Iterator[tuple[int, str]]:
        """The statements of a script, each with the line that it begins in. Raises: ``error``."""

    def load(self, connection: Any, table: str, columns: Sequence[str], file: Path) -> None:
        """Add the rows of a CSV file, whose first line names the columns. An empty field is null. Raises: ``error``."""


def quoted(name: str) -> str:
    """A name as SQL has it, whatever stands in it; a dot parts the schema from the table."""
    return ".".join('"{}"'.format(part.replace('"', '""')) for part in name.split("."))
