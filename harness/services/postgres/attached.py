"""Driver: a server that another process of the same run started."""

from __future__ import annotations

import json
from types import TracebackType

from harness.errors import UsageError
from harness.services.postgres.address import Database
from harness.services.postgres.databases import Databases


class AttachedPostgres:
    """Creates databases on a server it does not own.

    Args:
        admin: where to give orders.
        ours: the server belongs to the run (embedded); if not, ``stop`` drops the databases made here.
    Attributes:
        ours: as given.
    """

    def __init__(self, admin: Database, ours: bool) -> None:
        self._admin, self.ours = admin, ours
        self._databases = Databases(admin, ours)
        self.clock = None

    @classmethod
    def from_token(cls, token: str) -> AttachedPostgres:
        """The server of a token. Raises: UsageError: not a token of ``share()``."""
        try:
            fields = json.loads(token)["harness_postgres"]
            ours = fields.pop("ours")
            return cls(Database(**fields), ours)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise UsageError(
                "attach_postgres() was given something that share() did not give",
                fix="pass the text of server.share() on unchanged",
            ) from None

    def start(self) -> None:
        """Nothing to do: it runs."""

    def stop(self) -> None:
        """Leave the server alone; on one that is not the run's own, drop the databases made here."""
        if not self.ours:
            self._databases.drop_all()

    def __enter__(self) -> AttachedPostgres:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def create_database(self, name_hint: str, template: str | None = None) -> Database:
        """See ``PostgresServer``."""
        return self._databases.create(name_hint, template)

    def drop_database(self, db: Database) -> None:
        """See ``PostgresServer``."""
        self._databases.drop(db)

    def retire_database(self, db: Database) -> None:
        """See ``PostgresServer``."""
        self._databases.retire(db)

    def share(self) -> str:
        """See ``PostgresServer``."""
        return token_of(self._admin, self.ours)


def token_of(admin: Database, ours: bool) -> str:
    """The token of a server."""
    return json.dumps({"harness_postgres": {**vars(admin), "options": dict(admin.options), "ours": ours}})
