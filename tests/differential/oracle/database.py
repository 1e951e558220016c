"""The worker's metadata database, in a process where Airflow is imported: settings for speed, and `reset`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow import settings
from sqlalchemy import event

from harness.bridge.reference.clock import register_sql_now
from harness.bridge.reference.home import restore


class CaseDatabase:
    """A copy of the template that each case starts from anew."""

    def __init__(self, template: Path, file: Path) -> None:
        self.template, self.file = template, file
        event.listen(settings.engine, "connect", _prepare)

    def reset(self) -> None:
        """Throw away what a case left: connections first, then the file."""
        if settings.Session is not None:
            settings.Session.remove()
        settings.engine.dispose()
        restore(self.template, self.file)


def _prepare(connection: Any, _record: object) -> None:
    """A throw-away database needs no promise to survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")
    register_sql_now(connection)
