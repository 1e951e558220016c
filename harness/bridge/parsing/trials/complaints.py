"""What an error of a template says of the template, and not of the run or the machine it was tried on."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
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
        path: the file that this line is of, where that is another than the template's own: an included one.
        dated: another date might do.
        params: it is a param that is not declared.
    """

    reason: str
    name: str | None = None
    line: int | None = None
    dated: bool = False
    params: bool = False
    path: str | None = None


@dataclass(frozen=True)
class Tried:
    """A template that was tried.

    Attributes:
        guessed: values that only a run knows had a part in what happened.
        known: whether the context or the environment has a name.
        own: whether a file is the repository's: what its functions raise is not judged.
        unsure: what comes to such a value, as the template says it.
    """

    source: str
    environment: Any
    guessed: bool
    known: Callable[[str], bool]
    own: Callable[[str], bool]
    unsure: re.Pattern[str]


def complaint(error: Exception, tried: Tried) -> Complaint | None:
    """What an error of a rendering says; None when a real run might not have it."""
    import jinja2

    path, line = _place(error)
    if isinstance(error, jinja2.UndefinedError):
        found = _undefined(str(error.message), line, tried)
        return found and replace(found, path=path)
    if tried.guessed or tried.unsure.search(tried.source):
        return None
    if isinstance(error, jinja2.TemplateError):
        return Complaint(f"{type(error).__name__}: {error.message}", None, line, path=path)
    frames = traceback.extract_tb(error.__traceback__)
    own = any(tried.own(frame.filename) for frame in frames if frame.filename.endswith(".py"))
    if isinstance(error, _CERTAIN) and not own:
        return Complaint(f"{type(error).__name__}: {error}", None, line, dated=True, path=path)
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


def _place(error: Exception) -> tuple[str | None, int | None]:
    """The innermost file (None: the template itself) and line of a template.

    Airflow joins the pieces of a text outside of what rewrites a traceback: most of them show compiled templates.
    Source: ``render_template`` (3.1 to 3.3), ``jinja2.debug.rewrite_traceback_stack``.
    """
    lineno = getattr(error, "lineno", None)
    if isinstance(lineno, int):
        return _file(getattr(error, "filename", None)), lineno
    for frame, at in reversed(list(traceback.walk_tb(error.__traceback__))):
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            return _file(template.filename), template.get_corresponding_lineno(at)
        if frame.f_code.co_name.startswith(_TEMPLATES):
            return _file(frame.f_code.co_filename), at
    return None, None


def _file(name: str | None) -> str | None:
    return None if name is None or name.startswith("<") else name


_TEMPLATES = ("top-level template code", "block ", "template")
