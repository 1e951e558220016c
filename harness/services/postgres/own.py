"""What servers of the run's own have in common: databases while they are up, and an end."""

from __future__ import annotations

import atexit
from abc import ABC, abstractmethod
from types import TracebackType

from harness.errors import ServiceUnavailable
from harness.services.postgres.address import Database
from harness.services.postgres.attached import token_of
from harness.services.postgres.databases import Databases
from harness.services.virtual_time import ServerClock

ROLE = "harness"


class OwnPostgres(ABC):
    """A server that the run starts and takes down.

    Attributes:
        title: "the embedded PostgreSQL".
        clock: what sets SQL's clock, while the server is up; None where that is real.
    """

    title: str

    def __init__(self) -> None:
        self._databases: Databases | None = None
        self.clock: ServerClock | None = None

    def start(self) -> None:
        """Bring it up. Raises: ServiceUnavailable: with the end of its log."""
        if self._databases is None:
            atexit.register(self.stop)
            try:
                self._databases = Databases(self._up(), ours=True, diagnose=self._diagnose)
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Take it down, with all that it holds. A forked child leaves it to its owner."""
        atexit.unregister(self.stop)
        self._databases = None
        clock, self.clock = self.clock, None
        if clock is not None:
            clock.close()
        self._down()

    def __enter__(self) -> OwnPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def create_database(self, name_hint: str, template: str | None = None) -> Database:
        """See ``PostgresServer``. Connections to ``template`` are closed first."""
        return self._running().create(name_hint, template)

    def drop_database(self, db: Database) -> None:
        """See ``PostgresServer``."""
        self._running().drop(db)

    def retire_database(self, db: Database) -> None:
        """See ``PostgresServer``."""
        self._running().retire(db)

    def share(self) -> str:
        """See ``PostgresServer``."""
        return token_of(self._running().admin, ours=True)

    @abstractmethod
    def _up(self) -> Database:
        """Start it and wait until it serves: a database to give orders in. Raises: ServiceUnavailable."""

    @abstractmethod
    def _down(self) -> None:
        """End it; a second call does nothing."""

    @abstractmethod
    def _diagnose(self) -> str | None:
        """More to say when it does not answer any more."""

    def _running(self) -> Databases:
        if self._databases is None:
            raise ServiceUnavailable(f"{self.title} is not started", fix="call start() first")
        return self._databases
