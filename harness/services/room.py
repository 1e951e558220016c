"""What mends a full disk: whoever writes there says that it is full in words of its own."""

from __future__ import annotations

_WORDS = ("no space left on device", "disk is full", "disk full", "disk quota exceeded")


def more_room(*said: str | None) -> str | None:
    """The remedy, where a text tells that a disk is full; None where none does."""
    texts = [text.lower() for text in said if text]
    if any(word in text for text in texts for word in _WORDS):
        return "make room on that disk, or name a folder of another one in TMPDIR"
    return None
