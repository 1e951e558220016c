"""Values that XComs can hold."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from harness.kernel.instant import BEGINNING, Instant, to_datetime

MOST = 2**63 - 1
"""A worker sends its messages in MessagePack, whose integers have 64 bits."""

RESERVED = frozenset({"__classname__", "__version__", "__data__", "__id__", "__cache__", "__type", "__source", "__var"})
"""Keys by which Airflow's serialiser knows its own. Source: airflow/sdk/_shared/serialization (3.3.2)."""


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
"""What PostgreSQL stores: neither lone surrogates nor NUL."""


def _moments() -> st.SearchStrategy[datetime]:
    """From 1970 to 2099, to the microsecond: Airflow stores a float of seconds, which is not exact from 2242 on."""
    first, last = (to_datetime(at).replace(tzinfo=None) for at in (BEGINNING, Instant(4_102_444_799_999_999)))
    return st.datetimes(first, last, timezones=st.just(timezone.utc))


def _spans() -> st.SearchStrategy[timedelta]:
    """Whole seconds: Airflow stores a float of seconds, in which microseconds of long spans are lost."""
    return st.integers(-1_000_000_000, 1_000_000_000).map(lambda seconds: timedelta(seconds=seconds))


def xcom_values(*, max_leaves: int = 10, dates: bool = True) -> st.SearchStrategy[Any]:
    """Values that a task can return and another pull unchanged: what JSON holds, in lists and dictionaries.

    Floats are finite, text is what PostgreSQL stores.

    Args:
        max_leaves: about how many single values one holds.
        dates: with aware ``datetime`` and ``timedelta`` objects and tuples too, which Airflow serialises.
    """
    text = st.text(CHARACTERS, max_size=20)
    plain = st.none() | st.booleans() | st.integers(-MOST, MOST) | st.floats(allow_nan=False, allow_infinity=False)
    moments = [_moments(), _spans()] if dates else []
    leaves: st.SearchStrategy[Any] = st.one_of(plain, text, *moments)
    keys = text.filter(lambda key: key not in RESERVED)

    def extend(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        inside = st.lists(children, max_size=5) | st.dictionaries(keys, children, max_size=5)
        return inside | st.lists(children, max_size=3).map(tuple) if dates else inside

    return st.recursive(leaves, extend, max_leaves=max_leaves)
