"""Which expressions of a function hold the wall clock's date: read off its syntax, silent where that is not sure."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from harness.checks.callables import returned
from harness.checks.content.bindings import Bindings
from harness.checks.texts import called

CLOCKS = {
    "arrow.now": False,
    "arrow.utcnow": False,
    "datetime.date.today": True,
    "datetime.datetime.now": False,
    "datetime.datetime.today": False,
    "datetime.datetime.utcnow": False,
    "pandas.Timestamp.now": False,
    "pandas.Timestamp.today": False,
    "pandas.Timestamp.utcnow": False,
    "pendulum.now": False,
    "pendulum.today": True,
    "pendulum.tomorrow": True,
    "pendulum.yesterday": True,
}
"""Dotted name -> whether it gives a day and no time of day."""
_UTCNOW = re.compile(r"^airflow\.[\w.]*timezone\.utcnow$")
_WORDS = {"now", "today", "utcnow", "yesterday", "tomorrow", "strftime", "time"}
_CONVERTERS = {
    "datetime.date.fromtimestamp",
    "datetime.datetime.combine",
    "datetime.datetime.fromtimestamp",
    "datetime.datetime.utcfromtimestamp",
    "pandas.Timestamp",
    "pandas.to_datetime",
    "pendulum.from_timestamp",
    "pendulum.instance",
}
_JOINS = {
    "os.path.join",
    "posixpath.join",
    "ntpath.join",
    "pathlib.Path",
    "pathlib.PurePath",
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
}
_SPANS = {"timedelta", "relativedelta", "Timedelta", "DateOffset", "BDay", "duration", "Duration", "Day", "days"}
_SAME = {"add", "subtract", "astimezone", "in_timezone", "in_tz", "to_pydatetime", "set", "at", "shift"}
_TEXT_METHODS = {
    "lower",
    "upper",
    "strip",
    "rstrip",
    "lstrip",
    "replace",
    "as_posix",
    "joinpath",
    "with_suffix",
    "encode",
}
MOMENT, STAMP, TEXT, PART, SECONDS = "moment", "stamp", "text", "part", "seconds"


@dataclass(frozen=True)
class Moment:
    """The wall clock's date, in some form.

    Attributes:
        name, path, line: of the call that read the clock.
        form: `MOMENT`, a date or a time; `STAMP`, its text; `TEXT`, that in other text; `PART`, its year, month or day;
            `SECONDS`, since the epoch.
        day: it says no minute: it stands for the day or the hour that data are of.
        literal: of the text around it, what is known.
    """

    name: str
    path: str
    line: int
    form: str = MOMENT
    day: bool = False
    literal: str = ""


class Moments:
    """Says what expressions of one function hold.

    Args:
        called: what a call of another function returns, if that is the repository's.
    """

    def __init__(self, bindings: Bindings, path: str, called: Callable[[Any], Moment | None]) -> None:
        self._bindings, self._path, self._called = bindings, path, called
        self._names: dict[str, Moment | None] = {}

    def returned(self) -> Moment | None:
        """What the function returns, where all of its ``return`` statements agree."""
        values = [self.of(value) for value in returned(self._bindings.node) if value is not None]
        return values[0] if values and all(value is not None for value in values) else None

    def of(self, node: ast.AST | None) -> Moment | None:
        """The wall clock's date in an expression; None where there is none for sure."""
        find = None if node is None else _FINDERS.get(type(node))
        return None if find is None else find(self, node)

    def _name(self, node: ast.Name) -> Moment | None:
        name = node.id
        if name not in self._names:
            self._names[name] = None  # while it is looked for
            values = self._bindings.assigned.get(name, [])
            plain = name not in self._bindings.parameters and name not in self._bindings.iterated
            found = [self.of(value) for value in values] if plain else []
            if found and all(found):
                self._names[name] = found[0]
        return self._names[name]

    def _attribute(self, node: ast.Attribute) -> Moment | None:
        owner = self.of(node.value)
        if owner is not None and owner.form == MOMENT and node.attr in ("year", "month", "day"):
            return replace(owner, form=PART, day=True)
        return None

    def _subscript(self, node: ast.Subscript) -> Moment | None:
        owner = self.of(node.value)
        if owner is None or owner.form != STAMP or not isinstance(node.slice, ast.Slice):
            return None
        end = node.slice.upper
        cut = isinstance(end, ast.Constant) and isinstance(end.value, int) and end.value <= len("2025-01-01")
        return replace(owner, day=owner.day or (cut and node.slice.lower is None))

    def _call(self, node: ast.Call) -> Moment | None:
        dotted = self._bindings.dotted(node.func).replace("pathlib._local.", "pathlib.")  # Python 3.13
        if (read := self._clock(node, dotted)) is not None:
            return read
        first = self.of(node.args[0]) if node.args else None
        if dotted in _CONVERTERS:
            return first and replace(first, form=MOMENT, day=first.day or dotted.startswith("datetime.date."))
        if dotted == "time.strftime" and len(node.args) > 1:
            value = self.of(node.args[1])
            return value and replace(value, form=STAMP, day=_says_day(node.args[0], "%"))
        if dotted in _JOINS:
            return self._joined(node.args, "/")
        if isinstance(node.func, ast.Name) and not self._bindings.is_local(node.func.id):
            if node.func.id in ("str", "format") and first is not None:
                return replace(first, form=STAMP) if first.form == MOMENT else first
            if node.func.id in ("int", "round", "float") and first is not None:
                return first if first.form == SECONDS else None
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func) or self._called(self._bindings.value(node.func))
        return self._called(self._bindings.value(node.func))

    def _clock(self, node: ast.Call, dotted: str) -> Moment | None:
        dotted = re.sub(r"^pandas\.[\w.]+\.(Timestamp\.\w+)$", r"pandas.\1", dotted)
        dotted = re.sub(r"^pendulum\.datetime\.DateTime\.", "pendulum.", dotted)
        name = ".".join(dotted.split(".")[-2:]) + "()"
        if dotted in CLOCKS or _UTCNOW.match(dotted):
            return Moment(name, self._path, node.lineno, MOMENT, CLOCKS.get(dotted, False))
        if dotted in ("time.time", "time.time_ns", "time.localtime", "time.gmtime") and not node.args:
            return Moment(name, self._path, node.lineno, SECONDS)
        if dotted == "time.strftime" and len(node.args) == 1:
            return Moment(name, self._path, node.lineno, STAMP, _says_day(node.args[0], "%"))
        return None

    def _method(self, node: ast.Call, function: ast.Attribute) -> Moment | None:
        owner, name = self.of(function.value), function.attr
        if owner is None:
            if name == "format" and (text := _literal(function.value)) is not None:
                return self._joined([*node.args, *(one.value for one in node.keywords)], "", text)
            if name == "join" and node.args and isinstance(node.args[0], (ast.List, ast.Tuple)):
                return self._joined(node.args[0].elts, _literal(function.value) or "")
            return None
        if owner.form in (STAMP, TEXT):
            return owner if name in _TEXT_METHODS else None
        if owner.form != MOMENT:
            return None
        return self._of_moment(owner, node, name)

    def _of_moment(self, owner: Moment, node: ast.Call, name: str) -> Moment | None:
        given = node.args[0] if node.args else None
        if name in ("strftime", "format"):
            return replace(owner, form=STAMP, day=owner.day or _says_day(given, "%" if name == "strftime" else ""))
        if name in ("isoformat", "to_iso8601_string", "to_datetime_string"):
            return replace(owner, form=STAMP)
        if name == "to_date_string":
            return replace(owner, form=STAMP, day=True)
        if name in ("date", "normalize") or (name in ("start_of", "end_of", "floor") and given is not None):
            return replace(owner, day=owner.day or name in ("date", "normalize") or _literal(given) not in _SHORT)
        if name == "replace":
            zeroed = {one.arg for one in node.keywords if isinstance(one.value, ast.Constant) and one.value.value == 0}
            return replace(owner, day=owner.day or {"hour", "minute"} <= zeroed)
        if name == "timestamp":
            return replace(owner, form=SECONDS)
        return owner if name in _SAME else None

    def _binary(self, node: ast.BinOp) -> Moment | None:
        if isinstance(node.op, ast.Mod):
            text = _literal(node.left)
            values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            return None if text is None else self._joined(values, "", text)
        left, right = self.of(node.left), self.of(node.right)
        found = left or right
        if found is None or not isinstance(node.op, (ast.Add, ast.Sub, ast.Div)):
            return None
        if found.form in (STAMP, TEXT):
            if isinstance(node.op, ast.Sub):
                return None
            return self._joined([node.left, node.right], "/" if isinstance(node.op, ast.Div) else "")
        other = node.right if left is not None else node.left
        if found.form == MOMENT and isinstance(node.op, (ast.Add, ast.Sub)) and self._is_span(other):
            return found
        return found if found.form == SECONDS and isinstance(other, ast.Constant) else None

    def _is_span(self, node: ast.AST) -> bool:
        """Whether an expression is a length of time."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return self._is_span(node.left) or self._is_span(node.right)
        if isinstance(node, ast.Call):
            return called(node) in _SPANS
        if isinstance(node, ast.Name) and self._bindings.is_local(node.id):
            values = self._bindings.assigned.get(node.id, [])
            return bool(values) and all(value is not None and self._is_span(value) for value in values)
        return type(self._bindings.value(node)).__name__ in _SPANS

    def _all_of(self, nodes: Iterable[ast.expr]) -> Moment | None:
        found = [self.of(node) for node in nodes]
        return found[0] if all(found) else None

    def _text(self, node: ast.JoinedStr) -> Moment | None:
        return self._joined(node.values, "")

    def _formatted(self, node: ast.FormattedValue) -> Moment | None:
        found = self.of(node.value)
        if found is None or found.form != MOMENT:
            return found
        spec = node.format_spec.values if isinstance(node.format_spec, ast.JoinedStr) else []
        return replace(found, form=STAMP, day=found.day or (bool(spec) and _says_day(spec[0], "%")))

    def _joined(self, nodes: Iterable[ast.expr], between: str, text: str = "") -> Moment | None:
        """Text made of several values."""
        parts = list(nodes)
        found = [one for one in map(self.of, parts) if one is not None and one.form != SECONDS]
        if not found:
            return None
        literal = text + between.join(map(self._known, parts))
        if len(parts) == 1 and not literal and found[0].form in (STAMP, MOMENT):
            return replace(found[0], form=STAMP)
        return replace(found[0], form=TEXT, day=all(one.day for one in found), literal=literal)

    def _known(self, node: ast.expr) -> str:
        """The text of an expression, as far as it is known."""
        text = _literal(node)
        found = self.of(node) if text is None or isinstance(node, ast.JoinedStr) else None
        return found.literal if found is not None and found.literal else text or ""


_SHORT = ("hour", "minute", "second", "h", "min", "s", None)
_FINDERS: dict[type[ast.AST], Callable[[Moments, Any], Moment | None]] = {
    ast.Name: Moments._name,
    ast.Attribute: Moments._attribute,
    ast.Subscript: Moments._subscript,
    ast.Call: Moments._call,
    ast.BinOp: Moments._binary,
    ast.BoolOp: lambda self, node: self._all_of(node.values),
    ast.IfExp: lambda self, node: self._all_of((node.body, node.orelse)),
    ast.Await: lambda self, node: self.of(node.value),
    ast.NamedExpr: lambda self, node: self.of(node.value),
    ast.JoinedStr: Moments._text,
    ast.FormattedValue: Moments._formatted,
}


def reads_clock(names: set[str]) -> bool:
    """Whether a function that names these may read the wall clock."""
    return not _WORDS.isdisjoint(names)


def _literal(node: ast.AST | None) -> str | None:
    """The text of a literal, of the fixed parts of an f-string."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(part) or "" for part in node.values)
    return None


def _says_day(node: ast.AST | None, mark: str) -> bool:
    """Whether a format says no minute nor second. ``mark``: before each letter; none for pendulum's."""
    text = _literal(node)
    if not text:
        return False
    if not mark:
        return re.search(r"(?<!\[)[msSxXLT]", text) is None
    return re.search(r"%-?[MSfsTXcrR]", text) is None
