"""Names of results that changed: the old ones go on for one release, and say what they are called now."""

from __future__ import annotations

from warnings import warn


def renamed(old: str, new: str) -> None:
    """Tell who uses an old name.

    Args:
        old, new: as one writes them: ``RunResult.failed``.
    """
    warn(f"{old} is called {new} now; the old name goes with the next release", DeprecationWarning, stacklevel=3)
