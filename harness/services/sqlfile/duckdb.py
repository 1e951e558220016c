"""DuckDB, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from harness.services.sqlfile.engine import quoted

_TABLES = """
select t.schema_name, t.table_name, coalesce(c.constraint_column_names, [])
from duckdb_tables() t
left join duckdb_constraints() c on c.table_oid = t.table_oid and c.constraint_type = 'PRIMARY KEY'
where t.database_name = current_database() and not t.temporary and not t.internal
order by 1, 2
"""


class Duckdb:
    """See `harness.services.sqlfile.engine.SqlFileEngine`."""

    name, title = "duckdb", "DuckDB"
    error: type[Exception] = duckdb.Error

    def connect(self, path: Path) -> Any:
        """DuckDB lets a process open a file once, or several times with the same settings alone."""
        return duckdb.connect(str(path))

    def tables(self, connection: Any) -> list[tuple[str, list[str]]]:
        """Those of the file itself."""
        return [
            (table if schema == "main" else f"{schema}.{table}", list(keys))
            for schema, table, keys in connection.execute(_TABLES).fetchall()
        ]

    def statements(self, text: str) -> Iterator[tuple[int, str]]:
        """As DuckDB parses them."""
        place = 0
        for statement in duckdb.extract_statements(text):
            query = statement.query.strip()
            place = max(text.find(query, place), place)
            yield text.count("\n", 0, place) + 1, query
            place += len(query)

    def load(self, connection: Any, table: str, columns: Sequence[str], file: Path) -> None:
        """By DuckDB's own reader."""
        names = ", ".join(map(quoted, columns))
        place = str(file).replace("'", "''")
        connection.execute(f"copy {quoted(table)} ({names}) from '{place}' (format csv, header true)")
