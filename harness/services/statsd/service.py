"""StatsD as a service: a UDP port and a thread of this process for each lease."""

from __future__ import annotations

from typing import Any

from harness.services.base import Lease, Service


class StatsdService(Service):
    """A StatsD server that keeps the metrics it is sent."""

    name = "statsd"
    conn_types = ("statsd",)
    takes_unknown_types = True  # Airflow has no such type: a client of the project's own reads host and port
    drivers = ("embedded",)
    title = "a StatsD server that keeps the metrics it is sent"

    def start(self) -> None:
        """Nothing: each lease has a port of its own, and the standard library is all it takes."""

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:  # noqa: ARG002 - it has none
        """A port of its own."""
        from harness.services.statsd.lease import Statsd

        return self.kept(Statsd(conn_id))
