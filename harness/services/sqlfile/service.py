"""SQLite and DuckDB as services: a file for each lease, in a folder that goes with the run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from harness.services.base import Lease, Service
from harness.services.installed import see_installed
from harness.services.reaper_link import ReapedFolder
from harness.services.sql.options import SqlOptions
from harness.services.sql.seeds import digest, seed_files


class _SqlFileService(Service):
    """A database in a file."""

    drivers = ("embedded",)
    options = SqlOptions
    named: ClassVar[str]

    def __init__(self, driver: str) -> None:
        super().__init__(driver)
        self._folder: ReapedFolder | None = None
        self._templates: dict[str, Path] = {}
        self._numbers = count(1)

    @classmethod
    def why_clock_is_real(cls, driver: str) -> str | None:  # noqa: ARG003
        """The library asks the machine for the time, in C."""
        return f"{cls.named} asks the machine for it"

    def start(self) -> None:
        """Make the folder. Raises: ServiceUnavailable: the library is not installed."""
        self._engine()
        if self._folder is None:
            self._folder = ReapedFolder(self.name)

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:  # noqa: ARG002 - a file has no name that shows
        """A new file, with the seeds of the entry in it.

        Raises: WorldError: a seed that cannot be applied.
        """
        from harness.services.sqlfile.lease import SqlFileLease

        engine, files = self._engine(), seed_files(options.seed, conn_id)
        path = self._new()
        if files:
            shutil.copyfile(self._template(engine, digest(files), files, conn_id), path)
        else:
            engine.connect(path).close()  # an empty one: DuckDB takes no file of nothing
        return SqlFileLease(conn_id, engine, path, _removal(path))

    def close(self) -> None:
        """Remove the folder."""
        folder, self._folder = self._folder, None
        self._templates.clear()
        if folder is not None:
            folder.close()

    def _engine(self) -> Any:
        """How this kind of file is spoken to. Raises: ServiceUnavailable."""
        raise NotImplementedError

    def _new(self) -> Path:
        assert self._folder is not None
        return self._folder.path / f"{next(self._numbers)}.{self.name}"

    def _template(self, engine: Any, key: str, files: list[Path], conn_id: str) -> Path:
        """A file with these seeds, filled once in this process and copied for every lease."""
        from harness.services.sqlfile.lease import apply

        if key not in self._templates:
            path = self._new()
            try:
                apply(engine, path, files, conn_id)
            except BaseException:
                _removal(path)()
                raise
            self._templates[key] = path
        return self._templates[key]


class SqliteService(_SqlFileService):
    """A SQLite file for each connection."""

    name, named = "sqlite", "SQLite"
    conn_types = ("sqlite",)
    title = "a SQLite file for each connection"

    def _engine(self) -> Any:
        from harness.services.sqlfile.sqlite import Sqlite

        return Sqlite()


class DuckdbService(_SqlFileService):
    """A DuckDB file for each connection."""

    name, named = "duckdb", "DuckDB"
    conn_types = ("duckdb",)
    title = "a DuckDB file for each connection"

    def _engine(self) -> Any:
        see_installed("DuckDB", "duckdb", {"duckdb": "duckdb"})
        from harness.services.sqlfile.duckdb import Duckdb

        return Duckdb()


def _removal(path: Path) -> Callable[[], None]:
    """Removes a database's file, and the journals beside it."""

    def remove() -> None:
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink(missing_ok=True)

    return remove
