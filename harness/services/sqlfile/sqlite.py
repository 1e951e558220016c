"""SQLite, which comes with Python."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.services.sql.seeds import csv_rows
from harness.services.sqlfile.engine import quoted


class Sqlite:
    """See `harness.services.sqlfile.engine.SqlFileEngine`."""

    name, title = "sqlite", "SQLite"
    error: type[Exception] = sqlite3.Error

    def connect(self, path: Path) -> Any:
        """One that may be used, and closed, in any thread."""
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def tables(self, connection: Any) -> list[tuple[str, list[str]]]:
        """Those of the file itself."""
        listed = connection.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by 1"
        )
        keys = "select name from pragma_table_info(?) where pk > 0 order by pk"
        return [(name, [key for (key,) in connection.execute(keys, [name])]) for (name,) in listed.fetchall()]

    def statements(self, text: str) -> Iterator[tuple[int, str]]:
        """By SQLite's own word on where one is complete, which knows triggers, texts and comments."""
        begin, part = 1, ""
        for number, line in enumerate(text.splitlines(keepends=True), 1):
            for piece in _pieces(line):
                if not part.strip():
                    begin, part = number, ""
                part += piece
                if sqlite3.complete_statement(part):
                    yield begin, part
                    part = ""
        if part.strip():
            yield begin, part

    def load(self, connection: Any, table: str, columns: Sequence[str], file: Path) -> None:
        """Row by row, in one transaction; a column's type makes numbers of texts."""
        names, marks = ", ".join(map(quoted, columns)), ", ".join("?" * len(columns))
        rows = csv_rows(file)[1]
        connection.execute("begin")
        connection.executemany(f"insert into {quoted(table)} ({names}) values ({marks})", (row for _, row in rows))
        connection.execute("commit")


def _pieces(line: str) -> Iterator[str]:
    """A line, parted behind each semicolon: several statements may stand in one."""
    while (end := line.find(";")) >= 0:
        yield line[: end + 1]
        line = line[end + 1 :]
    yield line
