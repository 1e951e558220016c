"""Real services for tasks to talk to: started once a run, shared by its processes, leaving nothing behind."""

from __future__ import annotations

from harness.services.postgres.address import Database, PostgresServer
from harness.services.postgres.opening import attach_postgres, open_postgres

__all__ = ["Database", "PostgresServer", "attach_postgres", "open_postgres"]
