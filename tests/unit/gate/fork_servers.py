"""Fork servers that are told what to answer: real pipes, no process, nothing that takes time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

from harness.gate.child_end import ChildEnd
from harness.gate.options import ParseOptions
from harness.gate.worker_pool import Request, _Worker

READY: dict[str, Any] = {"network": None, "libraries": [], "refused": []}

Answer = Callable[["Server", list[Request]], "list[ChildEnd] | int"]
"""What came of the files that a worker was given, or the exit code of the fork server that they ended."""


def report(**more: Any) -> ChildEnd:
    return ChildEnd("report", report={"dags": [], **more})


def all_well(server: Server, requests: list[Request]) -> list[ChildEnd] | int:
    return [report() for _ in requests]


def nobody_home(server: Server) -> None:
    server.says(READY)
    for number, worker in enumerate(server.workers, 1):
        worker.answers_with({"pid": number})


class Machine:
    """All fork servers of a run.

    Attributes:
        answer: what they answer. boot: what they do when they are started.
        servers: in the order they were started.
        given: (number of the server, paths, whether second parses) of everything that was given to a worker.
        last_words: what each says when it is closed.
    """

    def __init__(self) -> None:
        self.answer: Answer = all_well
        self.boot: Callable[[Server], None] = nobody_home
        self.servers: list[Server] = []
        self.given: list[tuple[int, list[str], bool]] = []
        self.last_words = ""
        self.ends_with = 0
        self.ended_by_us = False

    @property
    def kind(self) -> type[Server]:
        """A class in the place of the pool's own."""
        machine = self

        class Started(Server):
            def __init__(self, seed: int, options: ParseOptions, token: str, workers: int, plain: bool) -> None:
                super().__init__(machine, seed, options, workers, plain)
                machine.servers.append(self)
                machine.boot(self)

        return Started


class Worker(_Worker):
    """The owner's end of one that answers as soon as it is given something."""

    fork_server: Any

    def give(self, requests: list[Request]) -> None:
        super().give(requests)
        if self.fork_server.process.returncode is not None:
            return  # it is lost, and nobody has seen that yet
        os.read(self.theirs[0], 1 << 16)
        self.fork_server.works(self, requests)

    def answers_with(self, document: dict[str, Any]) -> None:
        os.write(self.theirs[1], json.dumps(document).encode() + b"\n")


class Server:
    """The owner's end of one; see `harness.gate.worker_pool` for its attributes."""

    def __init__(self, machine: Machine, seed: int, options: ParseOptions, workers: int, plain: bool) -> None:
        self.machine, self.seed, self.plain, self.shared = machine, seed, plain, options.shared
        self.ready = self.at_libraries = False
        self.ended_by_us = machine.ended_by_us
        self.network: str | None = None
        heard, self._said = os.pipe()
        self.process: Any = SimpleNamespace(stdout=os.fdopen(heard, "rb", buffering=0), pid=-1, returncode=None)
        self.workers = [Worker(self) for _ in range(workers)]  # type: ignore[arg-type]

    @property
    def requests(self) -> list[Request]:
        return [request for worker in self.workers for request in worker.requests]

    def says(self, document: dict[str, Any]) -> None:
        os.write(self._said, json.dumps(document).encode() + b"\n")

    def lines(self) -> list[bytes] | None:
        chunk = os.read(self.process.stdout.fileno(), 1 << 16)
        return chunk.splitlines() if chunk else None

    def works(self, worker: Worker, requests: list[Request]) -> None:
        machine = self.machine
        machine.given.append((machine.servers.index(self), [one.path for one in requests], requests[0].second))
        came = machine.answer(self, requests)
        if isinstance(came, int):
            self.ends(came)
        else:
            worker.answers_with({"verdicts": [asdict(one) for one in came]})

    def ends(self, code: int) -> None:
        """As a process does: all its descriptors are closed."""
        if self.process.returncode is None:
            self.process.returncode = code
            os.close(self._said)
            for worker in self.workers:
                for descriptor in worker.theirs:
                    os.close(descriptor)

    def kill_if_stuck(self) -> None: ...

    def close(self) -> str:
        self.ends(self.machine.ends_with)
        for worker in self.workers:
            worker.close()
        self.process.stdout.close()
        return self.machine.last_words
