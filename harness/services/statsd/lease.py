"""The metrics of one connection, and the port they come to."""

from __future__ import annotations

import socket
import threading

from harness.results.services import Heard
from harness.services.base import Address, Lease
from harness.services.statsd.metrics import Metric, read_datagram

HOST = "127.0.0.1"
_LONGEST = 65_536
_BUFFER_BYTES = 4 << 20
"""Asked for; a kernel gives what it allows."""


class Statsd(Lease):
    """A UDP port of which every datagram is kept.

    A thread reads it, so that the kernel's buffer does not fill; whoever asks for the metrics reads what is in it
    first, so that none is missing that was sent before.
    """

    def __init__(self, conn_id: str) -> None:
        self.conn_id = conn_id
        self._metrics: list[Metric] = []
        self._reading = threading.Lock()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.bind((HOST, 0))
        self.host, self.port = HOST, int(self._socket.getsockname()[1])
        self._ended = False
        self._thread = threading.Thread(target=self._read, name=f"airflow-harness-statsd-{self.port}", daemon=True)
        self._thread.start()
        port = str(self.port)
        self.address = Address(
            {"conn_type": "statsd", "host": HOST, "port": self.port},
            env={"STATSD_HOST": HOST, "STATSD_PORT": port, "DD_AGENT_HOST": HOST, "DD_DOGSTATSD_PORT": port},
        )

    @property
    def metrics(self) -> list[Metric]:
        """Every metric so far, in the order of arrival."""
        self._drain()
        return list(self._metrics)

    def values(self, name: str) -> list[float]:
        """The numbers of one metric, in the order of arrival."""
        return [metric.number for metric in self.metrics if metric.name == name]

    def heard(self) -> list[Heard]:
        """Each metric."""
        return [Heard("metric", f"{metric.name} {metric.value} ({metric.kind})") for metric in self.metrics]

    def end(self) -> None:
        """Free the port and end its thread; a second call does nothing."""
        if self._ended:
            return
        self._ended = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.sendto(b"", (HOST, self.port))  # the thread waits for a datagram, without a limit
        self._thread.join()
        self._drain()
        self._socket.close()

    def _read(self) -> None:
        import select

        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while not self._ended:
            poll.poll()
            self._drain()

    def _drain(self) -> None:
        with self._reading:
            while self._socket.fileno() >= 0:
                try:
                    data = self._socket.recv(_LONGEST, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return
                self._metrics += read_datagram(data)

    def __repr__(self) -> str:
        return f"<StatsD at {self.host}:{self.port}, {len(self.metrics)} metrics>"
