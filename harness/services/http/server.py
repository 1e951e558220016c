"""A small HTTP server of this process: werkzeug's, on a free port, in threads of ours; every request is kept."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response

from harness.kernel import present
from harness.kernel.latency import answer_takes
from harness.services.connections import ListeningServer, reset
from harness.services.http.routes import Reply

HOST = "127.0.0.1"
FAULTS = ("resets", "errors", "throttles")
PLAIN = (("Content-Type", "text/plain; charset=utf-8"),)
_FAILED = {
    "errors": Reply(503, PLAIN, b"a fault of the world\n"),
    "throttles": Reply(429, (*PLAIN, ("Retry-After", "60")), b"a fault of the world\n"),
}


@dataclass(frozen=True)
class HttpRequest:
    """A request as it arrived.

    Attributes:
        method: in capitals.
        path: without the query.
        query: the first value of each key.
        headers: names in whichever case.
        body: as bytes.
        at: when it came, in the run's time.
    """

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict, repr=False)
    headers: Headers = field(default_factory=Headers, repr=False)
    body: bytes = field(default=b"", repr=False)
    at: datetime = field(default_factory=lambda: datetime.now(timezone.utc), repr=False)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises: ValueError: it is none."""
        return json.loads(self.body)

    @property
    def line(self) -> str:
        """It in one line: ``GET /items?page=2``."""
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.method} {self.path}{'?' if query else ''}{query}"


class HttpServer:
    """Answers on a port of its own until `close`.

    Args:
        answer: called for each request, in a thread of its own.
    Attributes:
        url: ``http://127.0.0.1:port``.
        requests: those that came, in the order of arrival.
        answered: those of them that no fault was the answer to.
        listening: what can go down.
        fault: one of `FAULTS`, with which every request is answered; None for none.
    """

    def __init__(self, answer: Callable[[HttpRequest], Reply]) -> None:
        self._answer = answer
        self.requests: list[HttpRequest] = []
        self.answered: list[HttpRequest] = []
        self.fault: str | None = None
        listening = socket.create_server((HOST, 0))  # werkzeug itself ends the process where it cannot
        self.listening = _Server(HOST, 0, self._respond, _Handler, fd=listening.fileno())
        listening.close()
        self.port: int = self.listening.port
        self.url = f"http://{HOST}:{self.port}"
        self.listening.listen()

    def close(self) -> None:
        """Free the port, cut who is connected, and end every thread; a second call does nothing."""
        self.listening.close()

    @property
    def peer(self) -> str:
        """``host:port``."""
        return f"{HOST}:{self.port}"

    def _respond(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        asked = WerkzeugRequest(environ)
        request = HttpRequest(
            asked.method, asked.path, asked.args.to_dict(), Headers(asked.headers), asked.get_data(cache=False)
        )
        self.requests.append(request)
        if self.fault == "resets":
            reset(environ["werkzeug.socket"])
        reply = _FAILED.get(self.fault or "")
        if reply is None:
            self.answered.append(request)
            reply = self._answer(request)
        if reply.takes and present.active() is not None:
            answer_takes((environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"])), reply.takes)
        status = reply.status if reply.reason is None else f"{reply.status} {reply.reason}"
        body: Iterable[bytes] = Response(reply.content, status, list(reply.headers))(environ, start_response)
        return body


class _Handler(WSGIRequestHandler):  # type: ignore[misc]
    def log(self, *_: Any) -> None:
        """Nothing: a line for each request would stand in tasks' logs."""

    def version_string(self) -> str:
        return "airflow-harness"


class _Server(ListeningServer, ThreadedWSGIServer):  # type: ignore[misc]
    threads_name = "airflow-harness-http"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle of it is no news."""
