"""What stands in for a variable whose value nobody tells, so that a Dag file that needs it can be looked at."""

from __future__ import annotations

import dis
import json
import operator
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType
from typing import Any

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


_NUMBERS = ("minute", "hour", "day", "second", "timeout", "retries", "count", "limit", "size", "delay", "slots", "port")
_MOST = 64
"""Parts that an index may ask for."""
Shape = Any


class Guess(str):
    """A text that stands in for a variable, or for a part of one that is JSON: a dict, a list or a number as well.

    What is asked of it is kept, so that a value can be told with which the same code would work (`hint`).

    Args:
        part: of JSON: items are a list's, and it counts as a number where one is needed.
    """

    part: bool
    children: dict[str, Any]
    _items: list[Any]
    _number: bool
    _json: GuessedDict | None
    _parts: tuple[str, Parts] | None

    def __new__(cls, text: str, part: bool = False) -> Guess:
        """A text, of which nothing was asked yet."""
        made = super().__new__(cls, text)
        made.part, made._number = part, False
        made.children, made._items = {}, []
        made._json = made._parts = None
        return made

    def __copy__(self) -> Guess:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Guess:
        return self

    @property
    def hint(self) -> str:
        """The variable's text with which what was done to it can be done."""
        if self._json is not None:
            return self._json.hint
        if self._parts is not None:
            return self._parts[0].join(self._parts[1])
        return str(self.number if self._number else str(self))

    @property
    def shape(self) -> Shape:
        """The same as JSON, of a part."""
        if self.children:
            return {name: shape_of(child) for name, child in self.children.items()}
        if self._items:
            return [shape_of(one) for one in self._items]
        return self.number if self._number else self.hint

    @property
    def loaded(self) -> GuessedDict:
        """What ``json.loads`` makes of it."""
        self._json = self._json or GuessedDict()
        return self._json

    def child(self, name: str) -> Any:
        """A value of a dict."""
        if name not in self.children:
            lowered = name.lower()
            number = any(word in lowered for word in _NUMBERS)
            self.children[name] = 1 if number else Guess(guessed_variable(name), True)
        return self.children[name]

    def item(self, at: int) -> Any:
        """An item of a list."""
        needed = min(at + 1 if at >= 0 else -at, _MOST)
        self._items += [Guess("1", True) for _ in range(needed - len(self._items))]
        return self._items[at]

    def split(self, sep: str | None = None, maxsplit: Any = -1) -> Any:
        """Parts, as many as are asked for."""
        found = Parts(Guess(one) for one in super().split(sep, maxsplit))
        self._parts = self._parts or (" " if sep is None else sep, found)
        return found

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.child(key)
        if self.part:
            return [self.item(0)] if isinstance(key, slice) else self.item(key)
        try:
            return super().__getitem__(key)
        except IndexError:
            return Guess("1")

    def __iter__(self) -> Iterator[Any]:
        if not self.part:
            return super().__iter__()
        return self.each(_unpacked(sys._getframe(1)))

    def each(self, count: int) -> Iterator[Any]:
        """Items of a list of at least so many."""
        self.item(count - 1)
        return iter(list(self._items))

    def get(self, name: str, default: Any = None) -> Any:
        """As a dict's."""
        return self.child(name) if default is None else default

    pop = get

    def keys(self) -> Any:
        """Of what was asked for: enough for ``dict()`` and ``**``."""
        return self.children.keys()

    def items(self) -> Any:
        """As a dict's of one value, where nothing else is known."""
        if not self.children:
            self.child("1")
        return [(Guess(name), child) for name, child in self.children.items()]

    def values(self) -> Any:
        """As a dict's."""
        return [child for _, child in self.items()]

    @property
    def number(self) -> int | float:
        """What it is where a number is needed."""
        for kind in (int, float):
            with suppress(ValueError):
                return kind(str(self))
        return 1

    def _counted(self) -> int | float:
        self._number = True
        return self.number

    def __int__(self) -> int:
        return int(self._counted())

    def __index__(self) -> int:
        return int(self._counted())

    def __float__(self) -> float:
        return float(self._counted())


def _numeric(name: str) -> None:
    of_text, of_number = getattr(str, name, None), getattr(operator, name.strip("_").removeprefix("r"))
    turned = name.startswith("__r")

    def done(self: Guess, other: Any) -> Any:
        if self.part and isinstance(other, (int, float)):
            return of_number(other, self._counted()) if turned else of_number(self._counted(), other)
        return NotImplemented if of_text is None else of_text(self, other)

    setattr(Guess, name, done)


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "rfloordiv"):
    _numeric(f"__{_name}__")
for _name in ("lt", "le", "gt", "ge"):
    _numeric(f"__{_name}__")


class Parts(list[Any]):
    """Parts of a text that nobody knows: as many as are asked for."""

    def _grown(self, count: int) -> None:
        self.extend(Guess("1") for _ in range(min(count, _MOST) - len(self)))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int):
            self._grown(key + 1 if key >= 0 else -key)
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        self._grown(_unpacked(sys._getframe(1)))
        return super().__iter__()


class GuessedDict(dict[str, Any]):
    """What stands in for a variable that is read as JSON: a dict, and a list where it is used as one."""

    def __init__(self) -> None:
        super().__init__()
        self._guess = Guess("1", True)

    def __deepcopy__(self, _memo: dict[int, Any]) -> GuessedDict:
        return self

    @property
    def hint(self) -> str:
        """The variable's text with which what was done to it can be done."""
        found = self._guess.shape
        return json.dumps(found) if isinstance(found, (dict, list)) else "{}"

    def __getitem__(self, key: Any) -> Any:
        if key in self:
            return super().__getitem__(key)
        return self._guess[key]

    def __iter__(self) -> Iterator[Any]:
        caller = sys._getframe(1)
        return self._guess.each(_unpacked(caller)) if _goes_through(caller) else super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        """As a dict's."""
        return self[name] if default is None or name in self else default

    def items(self) -> Any:
        """As a dict's of one value, where nothing else is known."""
        return self._guess.items()

    def values(self) -> Any:
        """As a dict's."""
        return self._guess.values()


class Guesses:
    """What stands in for variables while files are parsed; and what their parse has told of them."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, bool], Guess | GuessedDict] = {}

    def of(self, key: str, as_json: bool = False) -> Guess | GuessedDict:
        """What stands in for a variable, the same one whenever it is asked for."""
        made = self._made.get((key, as_json))
        if made is None:
            made = self._made[key, as_json] = GuessedDict() if as_json else Guess(guessed_variable(key))
        return made

    def hint(self, key: str, as_json: bool = False) -> str:
        """A value with which the file can be parsed, as far as its parse has told."""
        return self.of(key, as_json).hint


def shape_of(value: Any) -> Shape:
    """A part as JSON."""
    return value.shape if isinstance(value, Guess) else value


def _goes_through(frame: FrameType) -> bool:
    """Whether the repository's code goes through it, and no function written in C that copies it."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] in ("GET_ITER", "UNPACK_SEQUENCE")


def _unpacked(frame: FrameType) -> int:
    """How many parts the line that goes through something takes apart; 1 where it does not say."""
    at = frame.f_lasti
    return frame.f_code.co_code[at + 1] if dis.opname[frame.f_code.co_code[at]] == "UNPACK_SEQUENCE" else 1
