"""What a simulation asked for and is not in the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.text.lacking import in_words


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A name that was asked for.

    Attributes:
        section: of the world file.
        dag_ids: who asked; empty where no Dag did.
    """

    section: str
    name: str
    dag_ids: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """``connection vendor_loads (2 Dags)``."""
        return in_words(self)

    def to_json(self) -> dict[str, Any]:
        """The need as documents hold it."""
        return {"section": self.section, "name": self.name, "dag_ids": list(self.dag_ids)}
