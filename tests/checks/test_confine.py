"""The network of a process that parses: none, for whoever may have a namespace, root or not."""

from __future__ import annotations

import ctypes
import json
import os
import socket

import pytest

from harness.bridge.parsing import confine
from harness.checks.strays import network_of

NOBODY = 65534


def in_a_fork(user: int) -> dict[str, object]:
    """What `confine.without_network` comes to in a process of its own."""
    "localhost".encode("idna")  # imported now: nobody may read the folder that Python lies in
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if user != os.getuid():
                os.setgid(user)
                os.setuid(user)
                ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # a process of that user's as any other: /proc/self is its own
            before, left = network_of(os.getpid()), confine.without_network()
            found = {
                "left": left,
                "other": network_of(os.getpid()) != before,
                "user": os.getuid(),
                "reached": _reached(),
            }
            os.write(writer, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader) as pipe:
        return json.loads(pipe.read())


def _reached() -> int:
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1).close()
    except OSError as error:
        return error.errno or -1
    return 0


@pytest.mark.parametrize("user", [os.getuid(), *([NOBODY] if os.getuid() == 0 else [])])
def test_a_process_leaves_the_network_or_says_that_it_could_not(user):
    found = in_a_fork(user)
    assert found["left"] == found["other"]
    assert found["user"] == user
    if found["left"]:
        assert found["reached"] == 101  # ENETUNREACH: not even to itself
