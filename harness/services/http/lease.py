"""An API of one connection: what it answers, and what it was asked."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from harness.errors import UsageError, WorldError
from harness.results.services import Heard
from harness.services.base import Address, Lease
from harness.services.http.routes import Answering, AnswerToRequest, RateLimit, Reply, Routes, read_routes
from harness.services.http.server import FAULTS, HOST, PLAIN, HttpRequest, HttpServer
from harness.world.problem import EntryError, call_error


class OfHttpServer(Lease):
    """What one connection has of an HTTP server of its own."""

    faults = FAULTS

    def __init__(self, conn_id: str, server: HttpServer) -> None:
        self.conn_id, self._server, self.breakable = conn_id, server, server.listening

    @property
    def peer(self) -> str:
        """Its port."""
        return self._server.peer

    def fails(self, how: str | None) -> None:
        """Answer every request with a fault."""
        self._server.fault = how

    def end(self) -> None:
        """Free the port and end its threads."""
        self._server.close()


class HttpApi(OfHttpServer):
    """An HTTP server with declared routes.

    Attributes:
        url: ``http://127.0.0.1:port``.
        limit: how many requests it lets through; None: all.
    """

    def __init__(
        self, conn_id: str, routes: Mapping[str, list[AnswerToRequest]], limit: RateLimit | None = None
    ) -> None:
        self.limit = limit
        self._let_through: deque[datetime] = deque()
        self._counting = threading.Lock()
        self._routes = Routes(conn_id)
        self._routes.declare(routes)
        self._undeclared: set[int] = set()
        super().__init__(conn_id, HttpServer(self._answer))
        self.url = self._server.url
        self.address = Address({"conn_type": "http", "host": HOST, "port": self._server.port, "schema": "http"})

    @property
    def requests(self) -> list[HttpRequest]:
        """Every request so far, in the order of arrival; those that were answered with 404 too."""
        return list(self._server.requests)

    def answer(self, route: str, *answers: Mapping[str, Any] | Answering, at: object = None) -> None:
        """Declare a route: ``world.http.answer("GET /items", {"status": 503}, {"json": [1, 2]})``.

        Args:
            route: ``METHOD /path``; one that is declared begins anew.
            answers: they come in turn, and the last one stays. A function is given the request and returns such a one;
                it is called in a thread of the server's.
            at: from which instant of each simulation on, as in `harness.world.World.at`; None: from now on.
        Raises: UsageError: a route or an answer that cannot be read.
        """
        try:
            declared = [{} if callable(one) else one for one in answers]
            read = read_routes({route: declared})[route]
            made = [given if callable(given) else one for given, one in zip(answers, read, strict=True)]
            routes: dict[str, list[AnswerToRequest | Answering]] = {route: made}
            if at is None:
                self._routes.declare(routes)
                return

            def otherwise() -> None:
                self._routes.declare(routes)

            otherwise.__qualname__ = f"{route} answers otherwise"
            self.planned(at, otherwise)
        except EntryError as invalid:
            error = call_error(f"connection {self.conn_id!r}", invalid)
            raise UsageError(error.fact, known=error.known, fix=error.fix) from None
        except WorldError as error:
            raise UsageError(error.fact, known=error.known, fix=error.fix) from None

    def happen(self, event: Any) -> None:
        """Routes begin anew. Raises: WorldError."""
        self._routes.declare(event.routes)

    def heard(self) -> list[Heard]:
        """Each request, without its query, which may hold a key."""
        ends = {True: ", which is not declared", False: ""}
        return [
            Heard("request", f"{one.method} {one.path}{ends[id(one) in self._undeclared]}")
            for one in self._server.requests
        ]

    def _answer(self, request: HttpRequest) -> Reply:
        wait_s = self._wait_s(request.at)
        if wait_s is not None:
            told = (*PLAIN, ("Retry-After", str(wait_s)))
            return Reply(429, told, f"the limit of {self.limit} is reached\n".encode())
        found = self._routes.reply(request.method, request.path, request.query, request)
        if found is not None:
            return found
        self._undeclared.add(id(request))
        known = self._routes.known(request.method, request.path)
        route = f"{request.method} {request.path}"
        in_test = f"world.http({self.conn_id!r}).answer({route!r}, …)"
        fix = f"routes: {{{route}: {{json: …}}}} in the world, {in_test} in a test"
        fact = f"{request.line} is not declared for the connection {self.conn_id!r}"
        text = f"{fact}\n  known   {known}\n  fix     {fix}\n"
        instead = f"{self.conn_id} has no routes" if self._routes.is_empty else " ".join(known.split())
        reason = f"not declared, {instead}".encode("ascii", "replace").decode()
        return Reply(404, (("Content-Type", "text/plain; charset=utf-8"),), text.encode(), reason)

    def _wait_s(self, at: datetime) -> int | None:
        """Whole seconds after which a request that comes now would be let through; None where it is.

        An instant that lies before those so far is of another simulation, for which the count begins anew.
        """
        if self.limit is None:
            return None
        with self._counting:
            span, through = timedelta(microseconds=self.limit.span), self._let_through
            if through and at < through[-1]:
                through.clear()
            while through and through[0] <= at - span:
                through.popleft()
            if len(through) < self.limit.requests:
                through.append(at)
                return None
            return math.ceil((through[0] + span - at) / timedelta(seconds=1))

    def __repr__(self) -> str:
        return f"<HTTP server at {self.url}, {len(self._server.requests)} requests>"
