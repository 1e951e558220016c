"""What an error of a template says of the template, and not of the run or the machine it was tried on."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_UNDEFINED = re.compile(r"^'(\w+)' is undefined$")
_AIRFLOWS = re.compile(r"^'(?:airflow|harness|pendulum|datetime)[\w.]* object' has no attribute '")
_KEY = re.compile(r"^'dict object' has no attribute '(\w+)'$")
_TYPE = re.compile(r"'[\w.]*\.(\w+) object'")
_CERTAIN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What wrong templates raise; anything else may come of the machine that they are rendered on."""


@dataclass(frozen=True)
class Complaint:
    """Why a template cannot be rendered.

    Attributes:
        name: the name that is undefined, where that is why.
        line: in the template.
        dated: another date might do.
        params: it is a param that is not declared.
    """

    reason: str
    name: str | None = None
    line: int | None = None
    dated: bool = False
    params: bool = False


@dataclass(frozen=True)
class Tried:
    """A template that was tried.

    Attributes:
        guessed: values that only a run knows had a part in what happened.
        known: whether the context or the environment has a name.
        own: whether a file is the repository's: what its functions raise is not judged.
    """

    source: str
    environment: Any
    guessed: bool
    known: Callable[[str], bool]
    own: Callable[[str], bool]


def complaint(error: Exception, tried: Tried) -> Complaint | None:
    """What an error of a rendering says; None when a real run might not have it."""
    import jinja2

    line = _line(error)
    if isinstance(error, jinja2.UndefinedError):
        return _undefined(str(error.message), line, tried)
    if tried.guessed:
        return None
    if isinstance(error, jinja2.TemplateError):
        return Complaint(f"{type(error).__name__}: {error.message}", None, line)
    own = any(tried.own(frame.filename) for frame in traceback.extract_tb(error.__traceback__))
    if isinstance(error, _CERTAIN) and not own:
        return Complaint(f"{type(error).__name__}: {error}", None, line, dated=True)
    return None


def _undefined(message: str, line: int | None, tried: Tried) -> Complaint | None:
    name, key = _UNDEFINED.match(message), _KEY.match(message)
    if name:
        never = not tried.known(name[1]) and _never_set(name[1], tried.environment.parse(tried.source))
        return Complaint(message, name[1], line) if never or not tried.guessed else None
    if tried.guessed and not _AIRFLOWS.match(message):
        return None
    for owner in ("params", "dag_run.conf") if key else ():
        asked = key[1] if key else ""
        if re.search(rf"\b{re.escape(owner)}(\.{asked}\b|\[['\"]{asked}['\"]\])", tried.source):
            return Complaint(f"{owner} has no {asked!r}", None, line, params=owner == "params")
    return Complaint(_TYPE.sub(r"\1", message), None, line)


def _never_set(name: str, tree: Any) -> bool:
    """Whether no statement of a template can give a name its value."""
    from jinja2 import nodes

    if tree.find((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)) is not None:
        return False
    return not any(one.name == name and one.ctx != "load" for one in tree.find_all(nodes.Name))


def _line(error: Exception) -> int | None:
    """The innermost line of a template, in a traceback that Jinja has rewritten."""
    lineno = getattr(error, "lineno", None)
    if isinstance(lineno, int):
        return lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((one.lineno for one in reversed(frames) if one.name.startswith(_TEMPLATES)), None)


_TEMPLATES = ("top-level template code", "block ", "template")
