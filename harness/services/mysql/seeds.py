"""What a database holds before the first task: files of SQL, and of CSV for the tables that those make.

MySQL cannot clone a database, and to make a table takes it longer than to fill it, so each database is filled anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.services.mysql.address import quoted
from harness.services.mysql.databases import reason_of
from harness.services.mysql.script import statements
from harness.services.sql.seeds import csv_rows, refused, text_of

_LINE = re.compile(r" at line (\d+)$")
"""Where in the statement, in errors of its syntax alone."""


def apply(connection: Any, files: Iterable[Path], conn_id: str) -> None:
    """Fill a database. Raises: WorldError: MySQL refuses; with the file and the line of the statement or row.
    ServiceUnavailable: its disk is full."""
    import pymysql

    for file in files:
        line, text = 1, text_of(file, conn_id)
        try:
            with connection.cursor() as cursor:
                if file.suffix == ".sql":
                    for line, statement in statements(text):  # noqa: B007
                        cursor.execute(statement)
                    continue
                columns, rows = csv_rows(file)
                order = _insert(file.stem, columns)
                if not _takes_all(connection, order, [row for _, row in rows]):
                    for line, row in rows:  # noqa: B007 - to see which one it was
                        cursor.execute(order, row)
        except pymysql.Error as error:
            reason = reason_of(error)
            within = _LINE.search(reason)
            where = f"{file}:{line + int(within[1]) - 1 if within else line}"
            raise refused(conn_id, "MySQL", reason, where) from None


def _insert(table: str, columns: list[str]) -> str:
    name = ".".join(quoted(part) for part in table.split("."))
    return f"insert into {name} ({', '.join(map(quoted, columns))}) values ({', '.join(['%s'] * len(columns))})"


def _takes_all(connection: Any, order: str, rows: list[list[str | None]]) -> bool:
    """Whether rows could be written at once, in one transaction; else none is."""
    import pymysql

    connection.begin()
    try:
        with connection.cursor() as cursor:
            cursor.executemany(order, rows)
    except pymysql.Error:
        connection.rollback()
        return False
    connection.commit()
    return True
