"""Values that only a real run knows, stood in for: whatever is done to one, it goes along and tells that it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

MOST_USES = 10_000
"""What uses stand-ins more often waits for one to come to an end, as a parser does that reads from one."""


class Endless(BaseException):
    """Stand-ins were used so often that nothing can be said. No ``except Exception`` of a library may catch it."""


class Use:
    """Whether stand-ins had a part in what happened.

    Attributes:
        happened: since it was last set to False.
        truth: what a stand-in is where it is asked for its truth; the length of one that is false is 0.
    """

    def __init__(self, truth: bool = True) -> None:
        self.happened = False
        self.truth = truth
        self._left = MOST_USES

    def begin(self) -> None:
        """Something else is tried."""
        self.happened, self._left = False, MOST_USES

    def now(self) -> None:
        """A stand-in is used.

        Raises: Endless: once too often.
        """
        self.happened = True
        self._left -= 1
        if self._left < 0:
            raise Endless


class StandIn:
    """Any value: it has every attribute and item, can be called, counted, compared and gone through.

    Whether it is true is up to its `Use`, so that both sides of a condition can be tried.
    """

    unsafe_callable = alters_data = False  # what Jinja's sandbox asks of everything it calls

    def __init__(self, use: Use) -> None:
        object.__setattr__(self, "_use", use)

    def _used(self) -> StandIn:
        object.__getattribute__(self, "_use").now()
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._used()

    def __setattr__(self, name: str, value: Any) -> None:
        self._used()

    def __getitem__(self, key: Any) -> Any:
        return self._used()

    def __setitem__(self, key: Any, value: Any) -> None:
        self._used()

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        return self._used()

    def __iter__(self) -> Iterator[Any]:
        return iter([self._used()] if self else [])

    def __len__(self) -> int:
        return int(bool(self))

    def __bool__(self) -> bool:
        return bool(object.__getattribute__(self._used(), "_use").truth)

    def __contains__(self, item: Any) -> bool:
        return bool(self)

    def __eq__(self, other: Any) -> bool:
        return bool(self)

    def __ne__(self, other: Any) -> bool:
        return bool(self)

    def __hash__(self) -> int:
        return id(self._used())

    def __str__(self) -> str:
        self._used()
        return "1"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return str(self)

    def __int__(self) -> int:
        return int(str(self))

    __index__ = __int__

    def __float__(self) -> float:
        return float(str(self))

    def __enter__(self) -> Any:
        return self._used()

    def __exit__(self, *args: object) -> None:
        self._used()


def _any(self: StandIn, *_args: Any) -> Any:
    return self._used()


def _comparison(self: StandIn, _other: Any) -> bool:
    return bool(self)


_BINARY = "add sub mul truediv floordiv mod pow and or xor lshift rshift matmul"
for _name in _BINARY.split():
    setattr(StandIn, f"__{_name}__", _any)
    setattr(StandIn, f"__r{_name}__", _any)
for _name in ("neg", "pos", "abs", "invert", "round"):
    setattr(StandIn, f"__{_name}__", _any)
for _name in ("lt", "le", "gt", "ge"):
    setattr(StandIn, f"__{_name}__", _comparison)


class StandInTaskInstance:
    """A task instance that never ran: its attributes are the real one's, what its methods return is a stand-in.

    Args:
        real: a ``RuntimeTaskInstance``; an attribute that it does not have is none here.
    """

    def __init__(self, real: Any, use: Use) -> None:
        object.__setattr__(self, "_real", real)
        object.__setattr__(self, "_use", use)

    def __getattr__(self, name: str) -> Any:
        if name in ("unsafe_callable", "alters_data"):
            return False
        use: Use = object.__getattribute__(self, "_use")
        try:
            found = getattr(object.__getattribute__(self, "_real"), name)
        except AttributeError:
            raise AttributeError(f"'TaskInstance' object has no attribute {name!r}", name=name, obj=self) from None
        if found is None or callable(found):  # a real one would have a value by then
            return _returning(StandIn(use)) if callable(found) else StandIn(use)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(object.__getattribute__(self, "_real"), name, value)

    def __str__(self) -> str:
        return str(object.__getattribute__(self, "_real"))


def _returning(value: StandIn) -> Callable[..., Any]:
    def method(*_args: Any, **_kwargs: Any) -> Any:
        return value()

    return method
