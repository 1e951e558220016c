"""All connections of a server can be ended, also one that begins at the same instant."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from harness.services.connections import ConnectionThreads, sever


def test_a_cut_waits_for_each_connection_also_for_one_that_begins_meanwhile() -> None:
    connections, clients = ConnectionThreads("cut-test"), list[socket.socket]()

    def serve(connection: socket.socket, _address: object) -> None:
        connection.recv(1)

    def begin() -> None:
        for _ in range(300):
            client, server = socket.socketpair()
            clients.extend((client, server))
            connections.begin(serve, server, None)

    beginning = threading.Thread(target=begin)
    beginning.start()
    while beginning.is_alive():
        connections.cut()
    connections.cut()
    assert [one.name for one in threading.enumerate() if one.name == "cut-test"] == []
    for one in clients:
        one.close()


def test_connections_to_another_server_are_broken_and_no_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as down, socket.create_server(("127.0.0.1", 0)) as up:
        broken, whole = (socket.create_connection(server.getsockname()) for server in (down, up))
        before = len(list(Path("/dev/fd").iterdir()))
        sever(f"localhost:{down.getsockname()[1]}")
        sever("nobody.invalid:1")
        assert len(list(Path("/dev/fd").iterdir())) == before
        with broken, whole:
            assert broken.recv(1) == b""
            with pytest.raises(BrokenPipeError):
                broken.send(b"1")
            assert whole.send(b"1") == 1
