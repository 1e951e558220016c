"""What stands in for a variable whose value nobody tells, so that a Dag file that needs it can be looked at."""

from __future__ import annotations

_GUESSES = (
    (("schedule", "cron", "interval"), "@daily"),
    (("date", "start", "since"), "2025-01-01"),
    (("json", "config", "settings"), "{}"),
    (("tz", "timezone"), "UTC"),
    (("enabled", "flag", "is_"), "true"),
)
"""Words of a key -> what such variables hold."""


def guessed_variable(key: str) -> str:
    """A value that most code takes: a number as text, unless the key says otherwise."""
    lowered = key.lower()
    return next((value for words, value in _GUESSES if any(word in lowered for word in words)), "1")
