"""What a server answers: routes as a world declares them, and their answers in turn."""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from harness.errors import WorldError, known_names
from harness.kernel.instant import Microseconds
from harness.text import span_text
from harness.world.document import EntrySpec, Span, check
from harness.world.duration import duration
from harness.world.problem import EntryError, WorldProblem, kind

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY")
FORM = 'write "GET /items": {json: [1, 2]}, or a list of answers that come in turn'


def _span(value: object) -> Microseconds:
    return duration(value)


class AnswerToRequest(EntrySpec):
    """One answer; at most one of ``json``, ``body`` and ``file`` says what is in it. ``takes`` is virtual time."""

    status: int = Field(default=200, ge=100, le=599)
    json_: Any = Field(default=None, alias="json")
    body: str | None = None
    file: str | None = None
    headers: dict[str, str | int] = Field(default_factory=dict)
    takes: Annotated[Span, BeforeValidator(_span)] = 0

    @model_validator(mode="after")
    def _one_content(self) -> AnswerToRequest:
        given = [name for name in ("json_", "body", "file") if name in self.model_fields_set]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(name.rstrip('_') for name in given)} cannot all be given")
        return self

    @property
    def type(self) -> str:
        """The content type."""
        if "json_" in self.model_fields_set:
            return "application/json"
        if self.file is not None:
            return mimetypes.guess_type(self.file)[0] or "application/octet-stream"
        return "text/plain; charset=utf-8"

    def content(self) -> bytes:
        """What is in it. Raises: OSError: its file cannot be read."""
        if self.file is not None:
            return Path(self.file).read_bytes()
        if "json_" in self.model_fields_set:
            return json.dumps(self.json_, default=str).encode()  # YAML reads 2025-01-01 as a date
        return (self.body or "").encode()


def read_routes(value: object) -> dict[str, list[AnswerToRequest]]:
    """The routes of a world's entry: ``METHOD /path`` -> answers.

    Raises: EntryError: with every fault found.
    """
    if not isinstance(value, Mapping):
        raise EntryError(WorldProblem(f"routes must be a mapping, not {kind(value)}", fix=FORM))
    found: dict[str, list[AnswerToRequest]] = {}
    problems: list[WorldProblem] = []
    for route, answers in value.items():
        method, _, path = str(route).partition(" ")
        if method not in METHODS or not path.startswith("/"):
            problems.append(
                WorldProblem(f"{route!r} is no route", known=f"METHOD /path, of {', '.join(METHODS)}", fix=FORM)
            )
            continue
        listed = answers if isinstance(answers, list) else [answers]
        if not listed:
            problems.append(WorldProblem(f"route {route!r} has no answer", fix=FORM))
        found[str(route)] = []
        for number, answer in enumerate(listed, 1):
            try:
                found[str(route)].append(check(AnswerToRequest, answer))
            except EntryError as invalid:
                which = f"route {route!r}" + (f", answer {number}" if len(listed) > 1 else "")
                problems += [WorldProblem(f"{which}: {one.fact}", (), one.known, one.fix) for one in invalid.problems]
    if problems:
        raise EntryError(*problems)
    return found


@dataclass(frozen=True)
class RateLimit:
    """How many requests are let through in any such span of the run's time: ``60/1m``.

    Source: RFC 6585, section 4: 429, with ``Retry-After`` in seconds.
    """

    requests: int
    span: Microseconds

    def __str__(self) -> str:
        return f"{self.requests}/{span_text(self.span)}"


def read_limit(value: object) -> RateLimit | None:
    """A limit as a world writes it. Raises: ValueError: anything but ``N/SPAN``."""
    if value is None or isinstance(value, RateLimit):
        return value
    number, slash, text = str(value).partition("/")
    if not slash or not number.strip().isdecimal() or int(number) < 1:
        raise ValueError(f"{value!r} is no limit: write 60/1m, requests and a span")
    return RateLimit(int(number), duration(text.strip()))


@dataclass(frozen=True)
class Reply:
    """What goes back to a client; ``reason`` stands beside the status, where most clients' errors quote it.

    Attributes:
        takes: virtual time until it is there.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = field(default=b"", repr=False)
    reason: str | None = None
    takes: Microseconds = 0

    @classmethod
    def of(cls, answer: AnswerToRequest) -> Reply:
        """An answer with its content in it. Raises: OSError."""
        headers = {name.lower(): (name, str(value)) for name, value in answer.headers.items()}
        named = tuple(({"content-type": ("Content-Type", answer.type)} | headers).values())
        return cls(answer.status, named, answer.content(), takes=answer.takes)


Answering = Callable[[Any], Mapping[str, Any]]
"""A test's own function: of a request (`harness.services.http.server.HttpRequest`), what a world would declare."""


class Routes:
    """Answers by route, each route's in turn; the last one stays. Requests come from many threads."""

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id
        self._replies: dict[str, list[Reply | Answering]] = {}
        self._given: dict[str, int] = {}
        self._lock = threading.Lock()
        self._map: Any = None

    @property
    def is_empty(self) -> bool:
        """Whether none is declared."""
        return not self._replies

    def declare(self, routes: Mapping[str, Iterable[AnswerToRequest | Answering]]) -> None:
        """Add routes; one that there is begins anew.

        Raises: WorldError: a path that is no pattern, a file that cannot be read.
        """
        replies: dict[str, list[Reply | Answering]] = {
            route: [self._reply(route, answer) if isinstance(answer, AnswerToRequest) else answer for answer in answers]
            for route, answers in routes.items()
        }
        with self._lock:
            rules = self._rules({**self._replies, **replies})
            self._replies |= replies
            self._given |= dict.fromkeys(replies, 0)
            self._map = rules

    def reply(self, method: str, path: str, query: Mapping[str, str], request: object = None) -> Reply | None:
        """The next answer of the route that fits a request best; None where none is declared for it.

        Args:
            request: what a function that answers is given.
        """
        found = self._next(method, path, query)
        return found if found is None or isinstance(found, Reply) else self._made(found, request)

    def _made(self, function: Answering, request: object) -> Reply:
        """What a function says; where it raises or says nothing that is an answer, 500 with the reason."""
        try:
            return Reply.of(check(AnswerToRequest, function(request)))
        except EntryError as invalid:
            why = "; ".join(problem.fact for problem in invalid.problems)
        except Exception as error:  # of a test
            why = f"{type(error).__name__}: {error}"
        name = getattr(function, "__qualname__", repr(function))
        text = f"the answer of {name} for {self._conn_id!r}: {why}"
        reason = " ".join(text.split()).encode("ascii", "replace").decode()
        return Reply(500, (("Content-Type", "text/plain; charset=utf-8"),), f"{text}\n".encode(), reason)

    def _next(self, method: str, path: str, query: Mapping[str, str]) -> Reply | Answering | None:
        from werkzeug.exceptions import HTTPException

        with self._lock:
            try:
                routes: tuple[str, ...] = self._map.bind("localhost").match(path, method)[0]
            except HTTPException:  # no such path, or not by this method
                return None
            fitting = [route for route in routes if _query(route).items() <= query.items()]
            if not fitting:
                return None
            route = max(fitting, key=lambda one: len(_query(one)))
            number = self._given[route]
            self._given[route] = number + 1
            return self._replies[route][min(number, len(self._replies[route]) - 1)]

    def known(self, method: str, path: str) -> str:
        """The declared routes in a line, with the one that may have been meant."""
        return known_names(f"{method} {path}", self._replies)

    def _reply(self, route: str, answer: AnswerToRequest) -> Reply:
        try:
            return Reply.of(answer)
        except OSError as error:
            raise WorldError(
                f"connection {self._conn_id!r}: the file of route {route!r} cannot be read: "
                f"{answer.file}: {error.strerror}",
                known="paths are relative to where the command runs",
                fix="correct file: of the answer",
            ) from None

    def _rules(self, replies: Mapping[str, object]) -> Any:
        """Source of what patterns mean: ``werkzeug.routing.Rule``."""
        from werkzeug.routing import Map, Rule

        of_path: dict[tuple[str, str], list[str]] = {}
        for route in replies:
            method, _, target = route.partition(" ")
            of_path.setdefault((method, target.partition("?")[0]), []).append(route)
        try:
            rules = [
                Rule(path, methods=None if method == "ANY" else [method], endpoint=tuple(routes), strict_slashes=False)
                for (method, path), routes in of_path.items()
            ]
            return Map(rules, merge_slashes=False)
        except (ValueError, LookupError) as error:
            raise WorldError(
                f"connection {self._conn_id!r}: the path of a route is no pattern: {error}",
                known='"/items", "/items/<id>", "/files/<path:name>", "/items?page=2"',
                fix="correct routes: of the connection",
            ) from None


def _query(route: str) -> dict[str, str]:
    """What of a request's query a route asks for: ``{"page": "2"}`` of ``GET /items?page=2``."""
    from urllib.parse import parse_qsl

    return dict(parse_qsl(route.partition("?")[2], keep_blank_values=True))
