"""A program that owns services and is killed: forks of one process that has imported what they need.

It reads a JSON line for each: ``services`` to have in one world, ``said``, a file for its progress, ``area``, its
temporary folder, and ``mark``, which is in the environment of all that it starts. It answers with the pid.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from harness.services.base import Lease
from harness.services.binding import Leases, Services
from harness.world import World

LIBRARIES = (
    "boto3",
    "moto.server",
    "redis",
    "fakeredis",
    "psycopg2",
    "pyftpdlib",
    "asyncssh",
    "aiosmtpd",
    "duckdb",
    "pymysql",
    "confluent_kafka",
)
SAID = "AIRFLOW_HARNESS_TEST_OWNER"


def main() -> None:
    """Fork an owner for each line, until there are no more."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):  # the service says so itself
            importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.environ |= {"TMPDIR": order["area"], SAID: order["mark"]}
            own(order["services"], order["said"])
        print(pid, flush=True)


def own(names: list[str], said: str) -> None:
    """Start, use and close services, again and again."""

    def say(word: str) -> None:
        with Path(said).open("a") as file:
            file.write(f"{word}\n")

    say("began")
    try:
        while True:
            services = Services()
            for _ in range(3):
                turn(services, names, say)
            services.close()
            say("closed")
    except BaseException as error:
        say(f"failed {type(error).__name__}: {error}")
        os._exit(1)


def turn(services: Services, names: list[str], say: Any) -> None:
    """One world: its leases are made, used and ended."""
    leases, world = Leases(services, "killed"), World()
    for name in names:
        world.set_connection(f"my_{name}", service=name)
    leases.bound(world)
    say("leased")
    held = [use(lease) for lease in leases.all().values()]
    say("used")
    for one in held:
        if one is not None:
            one.close()
    leases.end()


def use(lease: Lease | Any) -> socket.socket | None:
    """Something is in it; a client that is connected, of one that listens."""
    if hasattr(lease, "execute"):
        lease.execute("create table t as select 1 as n")
    elif hasattr(lease, "put"):
        lease.client().create_bucket(Bucket="landing")
        lease.put("landing", "a", "1")
    elif hasattr(lease, "produce"):
        lease.produce("orders", "1")
    elif hasattr(lease, "set"):
        lease.set("a", "1")
    elif hasattr(lease, "write"):
        lease.write("/a", "1")
    if lease.peer is None:
        return None
    host, _, port = lease.peer.rpartition(":")
    client = socket.create_connection((host, int(port)), timeout=10)
    client.sendall(b"POST / HTTP/1.1\r\n")
    return client


if __name__ == "__main__":
    main()
