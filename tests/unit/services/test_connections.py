"""All connections of a server can be ended, also one that begins at the same instant."""

from __future__ import annotations

import socket
import threading

from harness.services.connections import ConnectionThreads


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
