"""Parts of a result that are read where they are asked for: of a hundred thousand task instances, a run's at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

T = TypeVar("T")
U = TypeVar("U")


class ReadBack(Sequence[T]):
    """Stands in a result where else a tuple is. It reads each time anew and keeps nothing; a copy of it is a tuple.

    Args:
        length: how many there are.
        read: reads them all.
    """

    __slots__ = ("_length", "_read")

    def __init__(self, length: int, read: Callable[[], Sequence[T]]) -> None:
        self._length, self._read = length, read

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: Any) -> Any:
        return self._read()[place]

    def __iter__(self) -> Iterator[T]:
        return iter(self._read() if self._length else ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (tuple, ReadBack)) and tuple(self) == tuple(other)

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[type[tuple[T, ...]], tuple[tuple[T, ...]]]:
        return tuple, (tuple(self),)

    def as_tuple(self) -> tuple[T, ...]:
        """Itself, for the field of a result: whoever reads one need not know whether it is in memory."""
        return cast("tuple[T, ...]", self)


def each(part: tuple[T, ...], change: Callable[[T], U]) -> tuple[U, ...]:
    """Every element of a part of a result, changed: at once, or as often as they are read."""
    found: object = part
    if isinstance(found, ReadBack):
        return ReadBack(len(found), lambda: [change(one) for one in found]).as_tuple()
    return tuple(map(change, part))
