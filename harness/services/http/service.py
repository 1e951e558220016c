"""HTTP APIs as a service: a small server in threads of this process for each lease."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from harness.services.base import EventOptions, Lease, Service, ServiceOptions
from harness.services.http.routes import AnswerToRequest, RateLimit, read_limit, read_routes
from harness.services.installed import see_installed


class HttpOptions(ServiceOptions):
    """``routes``: ``METHOD /path`` -> an answer, or a list of answers that come in turn; ``limit``: ``60/1m``."""

    routes: Annotated[
        dict[str, list[AnswerToRequest]],
        BeforeValidator(read_routes, json_schema_input_type=dict[str, AnswerToRequest | list[AnswerToRequest]]),
    ] = Field(default_factory=dict)
    limit: Annotated[RateLimit | None, BeforeValidator(read_limit, json_schema_input_type=str | None)] = None


class RoutesChange(EventOptions):
    """``routes`` as in the connection's entry: each begins anew."""

    routes: Annotated[dict[str, list[AnswerToRequest]], BeforeValidator(read_routes)]

    @property
    def what(self) -> str:
        """The routes."""
        return f"{', '.join(self.routes)} answers otherwise"


class HttpService(Service):
    """An HTTP server with declared answers."""

    name = "http"
    conn_types = ("http",)
    takes_unknown_types = True
    drivers = ("embedded",)
    title = "an HTTP server with declared answers"
    options = HttpOptions
    event = RoutesChange

    def start(self) -> None:
        """See that it can serve: each lease has a server of its own. Raises: ServiceUnavailable."""
        see_installed("the service http", "http", {"werkzeug": "werkzeug"})

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:  # noqa: ARG002 - ports have no names
        """A server with the entry's routes. Raises: WorldError: a route that cannot be read."""
        from harness.services.http.lease import HttpApi

        return self.kept(HttpApi(conn_id, options.routes, options.limit))
