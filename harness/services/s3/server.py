"""Moto behind a port of its own, in threads of this process: its clock is the run's."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterable
from functools import cache
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.datastructures import EnvironHeaders
from werkzeug.serving import ThreadedWSGIServer

from harness.kernel.present import serving
from harness.services.connections import ListeningServer, reset
from harness.services.s3.aws_request import AwsRequest, service_of
from harness.services.s3.clients import OURS, Endpoint
from harness.services.s3.state import MotoState

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_DOMAINS = (".amazonaws.com", ".api.aws")


class _Moto(DomainDispatcherApplication):  # type: ignore[misc]
    """Moto's application: what it makes for each service of AWS holds no data, so that one is enough for all ports."""

    def get_backend_for_host(self, host: str | None) -> Any:
        """As moto's, but for a service that moto has not: there it prints a line and then fails on None."""
        if host is None or not host.endswith(_DOMAINS):
            return super().get_backend_for_host(host)
        for backend, pattern in self.backend_url_patterns:
            if pattern.match(f"http://{host}"):
                return backend
        raise NotImplementedError(f"the service {host.partition('.')[0]}")


@cache
def _moto() -> _Moto:
    return _Moto(create_backend_app)


def prepare() -> None:
    """Have the application of S3 made before the first request."""
    _moto().get_application({"PATH_INFO": "/", "HTTP_HOST": "127.0.0.1", "REQUEST_METHOD": "GET"})


class _SilentMotoHandler(MotoRequestHandler):  # type: ignore[misc]
    """Moto's, without a line for every request: it would stand in the logs of tests."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


class MotoServer(ListeningServer, ThreadedWSGIServer):  # type: ignore[misc]
    """A server for one lease after the other; it listens when made.

    A port a lease, and not a key or an account: then requests without a signature find their lease too, and every one
    has moto's usual account, whose number stands in ARNs that users write.

    Attributes:
        endpoint: where it answers.
        fault: with which it answers every request, as `harness.services.s3.lease.FAULTS` has them; None for none.
        asked: the calls of this lease, but for those of the harness's own clients.
    """

    threads_name = "airflow-harness-s3"

    def __init__(self) -> None:
        self._state = MotoState()
        self.fault: str | None = None
        self.asked: list[AwsRequest] = []
        super().__init__("127.0.0.1", 0, self._answer, _SilentMotoHandler)
        self.endpoint = Endpoint(f"http://127.0.0.1:{self.port}", f"127.0.0.1:{self.port}")
        self.listen()

    def emptied(self) -> bool:
        """End a lease: cut its connections and forget all. The port stays, for clients of tasks that live on in modules
        and caches, as a ``client = boto3.client("s3")`` of a module's: they find the next test's buckets.
        """
        self.cut()
        self.fault = None
        self.asked = []
        self._state.empty()
        self._state = MotoState()
        return True

    def close(self) -> None:
        """See `ListeningServer`; what its lease holds is forgotten."""
        if not self._closed:
            super().close()
            self._state.empty()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that ends in the middle of a request is no news; what else goes wrong is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Errors alone, to a logger of ours: werkzeug's own writes to the terminal."""
        if type == "error":
            logging.getLogger("airflow_harness.s3").error(message.rstrip(), *args)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One request, in the lease's state. Its body is read first: who is slow to send must not hold moto's lock."""
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        call = _call(environ, body)
        if OURS not in call.headers.get("User-Agent", ""):
            self.asked.append(call)
        if environ.get("HTTP_X_AMZ_TARGET") == "AmazonSQS.ReceiveMessage":
            body = _at_once(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)
        as_json = "json" in environ.get("CONTENT_TYPE", "") or (call.service != "s3" and _speaks_json(call.service))
        if self.fault == "resets":
            reset(environ["werkzeug.socket"])
        if self.fault is not None:
            status, code = _failed(self.fault, call.service, as_json)
            return _refused(start_response, "a fault of the world", as_json, status, code)
        with serving(), self._state.request(environ["REQUEST_METHOD"] not in _READS):
            try:
                return list(_moto()(environ, start_response))
            except NotImplementedError as missing:
                return _refused(start_response, f"moto does not play this: {missing or 'the call'}", as_json)
            except ImportError as missing:  # moto loads each service of AWS when it is first called
                fix = f'pip install "moto[server]", which brings {missing.name}'
                return _refused(start_response, f"moto needs more for this: {fix}", as_json)


def _at_once(body: bytes) -> bytes:
    """An order to receive messages, without its wait: moto looks at its clock, which stands while a task waits."""
    return json.dumps({**json.loads(body), "WaitTimeSeconds": 0}).encode()


OBJECT_BYTES = 4096
"""Up to which the body of an object, or of its part, is kept with the call that wrote it. A replay writes thousands,
and what they hold is asked of the bucket. The bodies of other calls are their parameters, and kept whole."""


def _call(environ: dict[str, Any], body: bytes) -> AwsRequest:
    """A request as it is kept."""
    path, _, query = environ["RAW_URI"].partition("?")
    headers = dict(EnvironHeaders(environ))
    service, method = service_of(headers, query), environ["REQUEST_METHOD"]
    writes_object = service == "s3" and method == "PUT" and parse_qs(query, True).keys() <= _OF_OBJECTS
    kept = b"" if writes_object and len(body) > OBJECT_BYTES else body
    return AwsRequest(service, method, path, query, headers, kept)


_OF_OBJECTS = {"partNumber", "uploadId", "x-id", "versionId"}
"""Parts of a query that leave a PUT one of an object; any other names a setting of it, or of its bucket."""


@cache
def _speaks_json(service: str) -> bool:
    """Whether the answers of a service are JSON; False of one that moto does not know."""
    try:
        return "json" in str(get_service_model(service).protocol)
    except Exception:  # whatever a loader of models says where there is none
        return False


def _failed(fault: str, service: str, as_json: bool) -> tuple[str, str]:
    """Status and code of an answer that is a fault.

    Source: Amazon's lists "Error responses" of the API of S3, and "Common errors" of the others; botocore's
    ``data/_retry.json`` has which of them a client tries again after.
    """
    if service == "s3":
        return ("503 Slow Down", "SlowDown") if fault == "throttles" else ("500 Internal Server Error", "InternalError")
    if fault == "throttles":
        return "400 Bad Request", "ThrottlingException" if as_json else "Throttling"
    return "500 Internal Server Error", "InternalFailure"


def _refused(
    start_response: Any, message: str, as_json: bool, status: str = "501 Not Implemented", code: str = "NotImplemented"
) -> list[bytes]:
    """An error in the form that the caller reads; after 501 botocore does not ask again, as it does after 500."""
    if as_json:
        body = json.dumps({"__type": code, "message": message}).encode()
    else:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse><Error>'
            f"<Code>{code}</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
        ).encode()
    kind = "application/json" if as_json else "application/xml"
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
