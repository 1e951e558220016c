"""A StatsD server: how metrics are read, that none is missing, and that the port is free afterwards."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from harness.services.statsd.lease import Statsd
from harness.services.statsd.metrics import Metric, read_datagram
from harness.services.statsd.service import StatsdService

SENDS = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    for number in range(200):
        client.sendto(f"rows:{number}|c".encode(), ("127.0.0.1", int(sys.argv[1])))
"""


@pytest.fixture
def statsd() -> Iterator[Statsd]:
    before = set(threading.enumerate())
    service = StatsdService("embedded")
    service.start()
    made = service.lease("", "metrics", service.options())
    assert isinstance(made, Statsd)
    yield made
    service.close()
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize(
    ("line", "metric"),
    [
        ("a.b:1|c", Metric("a.b", "1", "counter")),
        ("a:-2.5|c|@0.1", Metric("a", "-2.5", "counter", 0.1)),
        ("a:+3|g", Metric("a", "+3", "gauge")),
        ("a:320|ms", Metric("a", "320", "timer")),
        ("a:1|h|#day:monday,late", Metric("a", "1", "histogram", tags=(("day", "monday"), ("late", "")))),
        ("a:1|d|@0.5|#x:y:z|c:container|T16", Metric("a", "1", "distribution", 0.5, (("x", "y:z"),))),
        ("a,day=monday,x=1:1|c", Metric("a", "1", "counter", tags=(("day", "monday"), ("x", "1")))),
        ("a:somebody|s", Metric("a", "somebody", "set")),
        ("a:1|c|@often", Metric("a", "1", "counter")),
    ],
)
def test_how_a_metric_is_read(line: str, metric: Metric) -> None:
    assert list(read_datagram(line.encode())) == [metric]


def test_datagrams_of_many_and_of_none() -> None:
    assert [one.value for one in read_datagram(b"a:1:2|c\nb:3|g\n\nnonsense\n:1|c\na:|c\n_e{5,4}:title|text")] == [
        "1",
        "2",
        "3",
    ]
    assert list(read_datagram(b"\xff\xfe")) == []


def test_what_was_sent_before_is_there(statsd: Statsd) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for number in range(1000):
            client.sendto(f"rows:{number}|c".encode(), (statsd.host, statsd.port))
            assert len(statsd.metrics) == number + 1
    assert statsd.values("rows") == list(range(1000))
    assert statsd.heard()[1].about == "rows 1 (counter)"


def test_of_another_process(statsd: Statsd) -> None:
    subprocess.run([sys.executable, "-c", SENDS, str(statsd.port)], check=True)
    assert statsd.values("rows") == list(range(200))


def test_the_end_keeps_the_metrics_and_frees_the_port(statsd: Statsd) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"last:1|c", (statsd.host, statsd.port))
    statsd.end()
    statsd.end()
    assert statsd.values("last") == [1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((statsd.host, statsd.port))
