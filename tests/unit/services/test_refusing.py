"""A service that is down refuses whoever connects, programs that a task starts too, and is there again afterwards."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from harness.services.base import Lease, Service
from harness.services.registry import service_class
from harness.services.s3.service import S3Options, S3Service

PROGRAM = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
except ConnectionRefusedError:
    sys.exit(7)
"""


@pytest.fixture(params=["http", "webhook", "s3", "redis", "smtp", "sftp", "ftp", "kafka"])
def lease(request: pytest.FixtureRequest) -> Iterator[Lease]:
    service: Service = service_class(request.param)("embedded")
    service.start()
    yield service.lease("test", "c", service.options())
    service.close()


def port_of(lease: Lease) -> int:
    assert lease.peer is not None
    host, _, port = lease.peer.rpartition(":")
    assert host == "127.0.0.1"
    return int(port)


def is_refused(port: int) -> bool:
    """As another program finds it."""
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", PROGRAM, str(port)], timeout=30)
    assert ended.returncode in (0, 7)
    return ended.returncode == 7


def test_down_and_well_again(lease: Lease) -> None:
    port = port_of(lease)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        lease.refuse()
        lease.refuse()  # a second time does nothing
        assert at_its_end(client)
    assert is_refused(port)
    with pytest.raises(OSError, match="in use"), socket.socket() as other:
        other.bind(("127.0.0.1", port))
    lease.accept()
    lease.accept()
    assert not is_refused(port)
    with socket.create_connection(("127.0.0.1", port), timeout=0.2) as client:
        assert any(cut_once(lease, client) for _ in range(50))  # a connection that it has not taken yet is none of its
    assert not is_refused(port)


def test_ended_while_it_is_down(lease: Lease) -> None:
    port = port_of(lease)
    lease.refuse()
    lease.end()
    lease.end()
    assert is_refused(port)


def cut_once(lease: Lease, client: socket.socket) -> bool:
    lease.cut()
    try:
        return at_its_end(client)
    except TimeoutError:
        return False


def at_its_end(client: socket.socket) -> bool:
    """What a server of these says first may come before."""
    try:
        while client.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


def test_an_s3_of_elsewhere_breaks_the_connections_that_its_clients_keep() -> None:
    theirs, ours = S3Service("embedded"), S3Service("external")
    for service in (theirs, ours):
        service.start()
    try:
        there: Any = theirs.lease("test", "there", S3Options())
        here: Any = ours.lease("test", "here", S3Options(url=there.url))
        host, _, port = here.peer.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as kept:
            here.refuse()
            assert kept.recv(1) == b""
        assert here.buckets() == [], "others are still answered: it is not ours to stop"
    finally:
        ours.close()
        theirs.close()
