"""What a database holds before the first task: files of SQL, and of CSV for the tables that those make."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.services.sql.seeds import columns_of, refused, text_of


def apply(connection: Any, files: Iterable[Path], conn_id: str) -> None:
    """Fill a database, each file in a transaction of its own.

    Raises: WorldError: PostgreSQL refuses; with the file and, for SQL, the line. ServiceUnavailable: its disk is full.
    """
    import psycopg2

    for file in files:
        text = text_of(file, conn_id)
        try:
            with connection.cursor() as cursor:
                if file.suffix == ".sql":
                    cursor.execute(text)
                else:
                    _copy(cursor, file, text)
        except psycopg2.Error as error:
            reason = error.diag.message_primary or str(error)
            context = (error.diag.context or "").split("\n")[0] or None
            raise refused(conn_id, "PostgreSQL", reason, f"{file}:{_line(text, error)}", context) from None


def _copy(cursor: Any, file: Path, text: str) -> None:
    """Rows into the table that is called as the file; the first line names the columns."""
    import io

    from psycopg2 import sql

    columns = sql.SQL(", ").join([sql.Identifier(name) for name in columns_of(text)])
    table = sql.Identifier(*file.stem.split("."))
    order = sql.SQL("copy {} ({}) from stdin with (format csv, header)").format(table, columns)
    cursor.copy_expert(order.as_string(cursor), io.StringIO(text))


def _line(text: str, error: Any) -> int:
    """The line that PostgreSQL complains of; the first where it says none."""
    if error.diag.statement_position is not None:
        return text.count("\n", 0, int(error.diag.statement_position) - 1) + 1
    context = error.diag.context or ""
    _, _, rest = context.partition("line ")
    number = rest.split(",")[0].split(":")[0]
    return int(number) if context.startswith("COPY") and number.isdigit() else 1
