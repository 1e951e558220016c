"""What a world says of a database: what is in it, and what somebody else writes into it meanwhile."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from harness.services.base import EventOptions, ServiceOptions, Texts


class SqlOptions(ServiceOptions):
    """``seed``: files of SQL or CSV, or folders of them."""

    seed: Texts = Field(default_factory=list)


class SqlRuns(EventOptions):
    """Somebody else writes: ``sql``, or a ``file`` of it."""

    sql: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _can_be(self) -> SqlRuns:
        if (self.sql is None) == (self.file is None):
            raise ValueError("needs exactly one of sql, file")
        return self

    @property
    def what(self) -> str:
        """Where the SQL comes from."""
        return f"{self.file or 'SQL of the world'} runs"

    @property
    def text(self) -> str:
        """The SQL itself."""
        return (self.sql or "") if self.file is None else Path(self.file).read_text(encoding="utf-8")
