"""The network of a process that parses: none, for whoever may have a namespace, root or not."""

from __future__ import annotations

import os
import socket

import pytest

from harness.bridge.parsing import confinement
from harness.gate.orphans import network_of
from tests.checks.forks import ME_AND_NOBODY, in_a_fork


def without_network() -> dict[str, object]:
    """What `confinement.without_network` comes to."""
    before, left = network_of(os.getpid()), confinement.without_network()
    return {"left": left, "other": network_of(os.getpid()) != before, "user": os.getuid(), "reached": _reached()}


def _reached() -> int:
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1).close()
    except OSError as error:
        return error.errno or -1
    return 0


@pytest.mark.parametrize("user", ME_AND_NOBODY)
def test_a_process_leaves_the_network_or_says_that_it_could_not(user):
    "localhost".encode("idna")  # imported now: nobody may read the folder that Python lies in
    found = in_a_fork(without_network, user)
    assert found["left"] == found["other"]
    assert found["user"] == user
    if found["left"]:
        assert found["reached"] == 101  # ENETUNREACH: not even to itself
