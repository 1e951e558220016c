"""What databases are called that are made on a server for tests and commands."""

from __future__ import annotations

import re
from collections.abc import Callable

from harness.errors import ServiceUnavailable

_LENGTH = 48
_ATTEMPTS = 10_000


class Names:
    """Gives names, the same ones in the same order in every run."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def first_free(self, hint: str, takes: Callable[[str], bool]) -> str:
        """Of ``base``, ``base_2``, ``base_3``… the first that ``takes`` takes; each is offered once.

        Raises: ServiceUnavailable: it takes none.
        """
        base = safe_name(hint)
        for _ in range(_ATTEMPTS):
            number = self._numbers[base] = self._numbers.get(base, 0) + 1
            name = base if number == 1 else f"{base}_{number}"
            if takes(name):
                return name
        raise ServiceUnavailable(f"all names {base}, {base}_2 … {base}_{_ATTEMPTS} are taken")


def safe_name(hint: str) -> str:
    """A database name of lower-case ASCII letters, digits and ``_`` that needs no quotes, at most 48 long."""
    name = re.sub(r"[^a-z0-9]+", "_", hint.lower()).strip("_")[:_LENGTH].rstrip("_")
    if not name:
        return "db"
    return name if name[0].isalpha() else f"db_{name}"[:_LENGTH]
