"""What a Dag file raised while it was imported: where the user's code stood, what it was, what would help."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.bridge.parsing.import_hints import fix_of
from harness.bridge.parsing.watching import Users
from harness.bridge.parsing.watching.watch import ObservedEvent, Place, Refused

_OFFLINE = (
    "network is unreachable",
    "name resolution",
    "name or service not known",
    "could not translate host name",
    "no route to host",
)


@dataclass(frozen=True)
class LoadFailure:
    """A file, or a Dag of it, that Airflow does not take.

    Attributes:
        path: the file that failed; a module inside of an archive.
        line: the last line of the file itself that was at work, 1 where none was.
        where: the innermost frame of the user's, when it stands in another file of the repository.
        missing: the package that is not installed, as one names it to pip.
        refused: it failed because the harness did not let it reach something.
        places: lines of the user's that were at work, the outermost first.
    """

    path: str
    line: int
    message: str
    fix: str | None = None
    where: Place | None = None
    missing: str | None = None
    refused: bool = False
    places: tuple[Place, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The failure as it crosses from process to process."""
        return asdict(self)


def failure_of(path: Path, users: Users, error: BaseException, events: list[ObservedEvent]) -> LoadFailure:
    """What an exception says.

    Args:
        path: the file that was imported.
        events: what it did meanwhile: a failure at the line of a refusal comes from it.
    """
    frames = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    places = [(frame.f_code.co_filename, line) for frame, line in frames if users.own(frame.f_code.co_filename)]
    own = str(path)
    if places and own not in {name for name, _ in places}:
        own = next((name for name, _ in places if name.startswith(own + "/")), own)
    if isinstance(error, SyntaxError) and error.filename and users.own(error.filename):
        places.append((error.filename, error.lineno or 1))
    line = next((line for name, line in reversed(places) if name == own), 1)
    where = places[-1] if places and places[-1][0] != own else None
    chain = list(_chain(error))
    refusals = {(event.path, event.line) for event in events if event.refused}
    refused = any(isinstance(one, Refused) or _offline(one) for one in chain) or not refusals.isdisjoint(places)
    missing, fix = fix_of(error, frames, users)
    return LoadFailure(own, line, _message(error), fix, where, missing, refused, tuple(places))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that led to it, each once."""
    seen: set[int] = set()
    rest: list[BaseException | None] = [error]
    while rest:
        one = rest.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            rest += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]


def _offline(error: BaseException) -> bool:
    """Whether a driver that Python cannot see into says that there is no network: the child has none."""
    return not isinstance(error, SyntaxError) and any(words in _text(error).lower() for words in _OFFLINE)


MOST = 400
"""Letters of an error that are told."""


def _message(error: BaseException) -> str:
    """The exception in one line."""
    name, text = type(error).__name__, " ".join(_text(error).split())
    text = text if len(text) <= MOST else f"{text[:MOST]}…"  # so that a secret cut in two is seen to be one
    if isinstance(error, SystemExit):
        return f"the file calls sys.exit({error.code!r}) while it is imported"
    if found := re.search(r"VARIABLE_NOT_FOUND.*Variable (\S+) not found", text):
        return f"Variable {found[1]!r} is read while the file is imported, and does not exist here"
    if found := re.search(r"The conn_id `(.*)` isn't defined", text):
        return f"connection {found[1]!r} is read while the file is imported, and does not exist here"
    return f"{name}: {text}" if text else name


def _text(error: BaseException) -> str:
    try:
        return re.sub(r"unusual_prefix_[0-9a-f]{40}_", "", str(error))
    except BaseException as another:
        return f"(its text cannot be had: {type(another).__name__})"
