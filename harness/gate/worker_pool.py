"""Fork servers kept at work: files go out, verdicts come back, who is lost is replaced. Nothing imports Airflow."""

from __future__ import annotations

import json
import os
import pickle
import secrets
import selectors
import signal
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from harness.errors import WorkerLost
from harness.gate.child_end import ChildEnd
from harness.gate.fork_server import NO_AIRFLOW
from harness.gate.options import ParseOptions
from harness.gate.orphans import TOKEN, end_orphans, is_stopped
from harness.project.installed import unusable
from harness.project.libraries import imports_in
from harness.project.own_programs import own_program
from harness.project.scratch import sweep

_PROGRAM = own_program("harness.gate.fork_server")
READY_S = 120.0
"""Real seconds that a fork server may take to import Airflow."""
TICK_S = 0.25
GRACE_S = 10.0
FIRST, OTHER = 1, 2
"""Hash seeds: of the fork servers that parse, and of those that parse again what may depend on it."""
BATCH = 10
"""Files that one child may parse, as long as each leaves nothing behind for the next: a fork costs as much as one."""
FEW = 3
"""Files that a child may parse at least. The last files are shared out between the workers in ever smaller batches;
down to one, a third of all forks were made for the last sixth of 60 files that import pandas and the clouds' clients. A
fork costs as much as two or three of those files (40 ms against 16), and a slow file ends its batch anyway."""


Libraries = Callable[[Iterable[str]], Iterable[str]]


@dataclass(frozen=True)
class Request:
    """One parse of one file.

    Attributes:
        second: the second parse, with a later clock.
    """

    path: str
    root: str
    second: bool = False


class _Worker:
    """The owner's end of a worker.

    Attributes:
        fork server: what it is forked from.
        requests: what it is at.
        pid: of its process; None until that has been forked.
    """

    def __init__(self, fork_server: _ForkServer) -> None:
        self.fork_server = fork_server
        self.requests: list[Request] = []
        self.pid: int | None = None
        self.since = time.monotonic()
        theirs, mine = os.pipe()
        self.answers, to_us = os.pipe()
        self.theirs = theirs, to_us
        self._requests = os.fdopen(mine, "wb", buffering=0)
        self._buffer = b""

    def give(self, requests: list[Request]) -> None:
        """Set it to work, on files of one root, all of them first parses or all second ones."""
        self.requests, self.since = requests, time.monotonic()
        files = [(request.path, request.root) for request in requests]
        with suppress(BrokenPipeError):  # its end is seen where it is read
            self._requests.write((json.dumps({"files": files, "second": requests[0].second}) + "\n").encode())

    def lines(self) -> list[bytes] | None:
        """Whole lines that have come; None at its end."""
        self._buffer, found = _lines(self.answers, self._buffer)
        return found

    def close(self) -> None:
        """Let it go."""
        self._requests.close()
        os.close(self.answers)


class _ForkServer:
    """The owner's end of a fork server.

    Attributes:
        seed: its ``PYTHONHASHSEED``. shared: what it imports before the first file.
        workers: what is forked from it.
        ready: it has imported Airflow.
        network: the name of its network, when it left the machine's.
        plain: no library is imported in advance in it. at_libraries: it has begun to import them.
        ended_by_us: it did not end by itself when it was let go.
    """

    def __init__(self, seed: int, options: ParseOptions, token: str, workers: int, plain: bool) -> None:
        self.seed, self.plain, self.shared = seed, plain, options.shared
        self.ready = self.at_libraries = False
        self.network: str | None = None
        self.ended_by_us = False
        self.workers = [_Worker(self) for _ in range(workers)]
        self._buffer = b""
        self._patience_s = BATCH * (options.timeout_s + options.checking_s) + GRACE_S
        self._since = time.monotonic()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with it
        pairs = [worker.theirs for worker in self.workers]
        self.process = subprocess.Popen(
            _PROGRAM,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**options.repository.process_environment(os.environ), "PYTHONHASHSEED": str(seed), TOKEN: token},
            pass_fds=[descriptor for pair in pairs for descriptor in pair],
            start_new_session=True,
        )
        for descriptor in (one for pair in pairs for one in pair):
            os.close(descriptor)
        pickled = pickle.dumps(options)
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # its end is seen where it is read
            self.process.stdin.write(json.dumps({"size": len(pickled), "workers": pairs}).encode() + b"\n" + pickled)
            self.process.stdin.flush()

    @property
    def requests(self) -> list[Request]:
        """What its workers are at."""
        return [request for worker in self.workers for request in worker.requests]

    def lines(self) -> list[bytes] | None:
        """Whole lines that have come; None at its end."""
        assert self.process.stdout is not None
        self._buffer, found = _lines(self.process.stdout.fileno(), self._buffer)
        return found

    def kill_if_stuck(self) -> None:
        """End it when a file has stopped it, or when it says nothing for too long; what follows is seen as its end."""
        now = time.monotonic()
        late = not self.ready and now - self._since > READY_S
        late = late or any(worker.requests and now - worker.since > self._patience_s for worker in self.workers)
        pids = [self.process.pid, *(worker.pid for worker in self.workers if worker.pid is not None)]
        # A file may send SIGSTOP, to itself or to us (hostile/stop_self.py). Who is stopped closes no pipe and never
        # answers: only its state tells.
        if late or any(map(is_stopped, pids)):
            self.process.kill()  # its workers end with it, where the system sees to that
            for pid in pids[1:]:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)

    def close(self) -> str:
        """Let it go: it ends what it started. Its own end is waited for.

        Returns: the last lines that it wrote on standard error.
        """
        for worker in self.workers:
            worker.close()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue  # a request that it did not live to read
        # While it imports Airflow it reads nothing, and nobody needs it any more: waiting would be for nothing.
        if not self.ready and self.process.poll() is None:
            self._end()
        try:
            self.process.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            self._end()
        self._said.seek(0)
        stderr = self._said.read().decode(errors="replace").strip()
        self._said.close()
        return "\n".join(stderr.splitlines()[-15:])

    def _end(self) -> None:
        self.ended_by_us = True
        self.process.kill()
        self.process.wait()


def _lines(descriptor: int, buffer: bytes) -> tuple[bytes, list[bytes] | None]:
    """What is left of a line, and whole lines that have come; None at the end."""
    chunk = os.read(descriptor, 1 << 20)
    if not chunk:
        return b"", None
    *whole, rest = (buffer + chunk).split(b"\n")
    return rest, whole


class WorkerPool:
    """Parses files in children of fork servers.

    Args:
        options: what holds for every file.
        jobs: workers side by side, 1 or more.
        second_parses: whether every file that holds a Dag is parsed a second time, elsewhere.
        libraries: what some files, by path, want imported in advance.
    Attributes:
        libraries: files that the fork servers imported modules from.
    """

    def __init__(
        self, options: ParseOptions, jobs: int, second_parses: bool, libraries: Libraries = lambda _: ()
    ) -> None:
        self._options, self._jobs = options, max(1, jobs)
        self._second_parses, self._libraries_of = second_parses, libraries
        self._plain: set[str] = set()
        self._refused: set[str] = set()
        self.libraries: set[str] = set()
        self._token = secrets.token_hex(16)
        self._selector = selectors.DefaultSelector()
        self._fork_servers: list[_ForkServer] = []
        self._waiting: deque[tuple[Request, int]] = deque()
        self._alone: set[tuple[str, bool]] = set()
        self._not_by: dict[str, int] = {}
        self._unexplained: tuple[int, str, bool] | None = None

    def run(self, requests: Iterable[Request], done: Callable[[Request, ChildEnd], Any]) -> None:
        """Parse them all.

        Args:
            done: called with every verdict as it comes, of second parses too.
        Raises:
            AirflowUnusable: Airflow does not import.
            WorkerLost: a process of ours was ended from outside while no file was to blame.
        """
        self._waiting.extend((request, 0) for request in requests)
        if not self._waiting:
            return
        try:
            self._start(FIRST, self._options.shared, plain=not self._options.shared)
            self._serve(done)
        except BaseException:
            self._close()
            raise
        if lost := self._close():
            raise _lost(*lost)

    def _start(self, seed: int, shared: Iterable[str], plain: bool) -> None:
        """Start a fork server, with workers for what waits now.

        Args:
            plain: it is for files that are parsed where no library is imported in advance.
        """
        left = tuple(name for name in shared if not any(_is_of(name, other) for other in self._refused))
        fork_server = _ForkServer(
            seed, replace(self._options, shared=left), self._token, min(self._jobs, max(1, len(self._waiting))), plain
        )
        self._fork_servers.append(fork_server)
        assert fork_server.process.stdout is not None
        self._selector.register(fork_server.process.stdout, selectors.EVENT_READ, fork_server)
        for worker in fork_server.workers:
            self._selector.register(worker.answers, selectors.EVENT_READ, worker)

    def _serve(self, done: Callable[[Request, ChildEnd], Any]) -> None:
        while self._waiting or any(fork_server.requests for fork_server in self._fork_servers):
            for key, _ in self._selector.select(TICK_S):
                sender: _ForkServer | _Worker = key.data
                fork_server = sender if isinstance(sender, _ForkServer) else sender.fork_server
                if fork_server not in self._fork_servers:
                    continue  # let go since
                lines = sender.lines()
                if lines is None:
                    self._ended(fork_server, done)
                    continue
                for line in lines:
                    if isinstance(sender, _Worker):
                        self._answered(sender, json.loads(line), done)
                    else:
                        self._note(fork_server, json.loads(line))
            for fork_server in self._fork_servers:
                fork_server.kill_if_stuck()
            self._feed()

    def _note(self, fork_server: _ForkServer, message: dict[str, Any]) -> None:
        if "importing" in message:
            fork_server.at_libraries = True
        elif fork_server in self._fork_servers:
            fork_server.ready, fork_server.network = True, message["network"]
            self.libraries.update(message["libraries"])
            if message["refused"]:
                self._without(fork_server, message["refused"])

    def _answered(self, worker: _Worker, answer: dict[str, Any], done: Callable[[Request, ChildEnd], Any]) -> None:
        if "pid" in answer:
            worker.pid = answer["pid"]
            return
        fork_server = worker.fork_server
        requests, worker.requests = worker.requests, []
        verdicts = [ChildEnd(**verdict) for verdict in answer["verdicts"]]
        self._put_back(requests[len(verdicts) :])
        for request, verdict in zip(requests, verdicts):  # noqa: B905 - the rest waits again
            if not fork_server.plain and self._may_be_due_to_libraries(request, verdict, fork_server.shared):
                self._again_in_plain(request)
                continue
            if self._second_parses and not request.second and verdict.report is not None and verdict.report.get("dags"):
                self._not_by[request.path] = fork_server.seed if verdict.report.get("hashes", True) else 0
                self._waiting.append((Request(request.path, request.root, True), self._not_by[request.path]))
            done(request, verdict)

    def _may_be_due_to_libraries(self, request: Request, verdict: ChildEnd, shared: Iterable[str]) -> bool:
        """Whether what a file came to may be otherwise where no library was imported in advance."""
        if verdict.report is not None:
            return "misled" in verdict.report
        try:
            names = {name.partition(".")[0] for name in imports_in(Path(request.path).read_bytes())}
        except OSError:
            return False
        return any(name.partition(".")[0] in names for name in shared)

    def _again_in_plain(self, request: Request) -> None:
        """Have a file parsed anew where nothing but Airflow was imported; such a fork server is started when needed."""
        if not self._plain:
            self._start(FIRST, (), plain=True)
        self._plain.add(request.path)
        self._put_back([request])

    def _without(self, fork_server: _ForkServer, refused: Iterable[str]) -> None:
        """Replace a fork server by one without those libraries; so is any that is started from now on."""
        self._refused.update(refused)
        self._let_go(fork_server)
        self._start(fork_server.seed, fork_server.shared, fork_server.plain)

    def _ended(self, fork_server: _ForkServer, done: Callable[[Request, ChildEnd], Any]) -> None:
        """A fork server or a worker of it is gone: what it was at has ended it, or a library that it imported."""
        # The ends of a worker's pipe and of the fork server's own may be seen in either order: what it said before it
        # died tells whether a library or a file is to blame.
        while not fork_server.ready and (lines := fork_server.lines()) is not None:
            for line in lines:
                self._note(fork_server, json.loads(line))
        if fork_server not in self._fork_servers:
            return
        if not fork_server.ready and fork_server.at_libraries:
            self._without(fork_server, fork_server.shared)
            return
        stderr, code, requests = self._let_go(fork_server), fork_server.process.returncode, fork_server.requests
        if not requests:
            raise _lost(code, stderr, fork_server.ready)
        if len(requests) > 1:  # whose fault it is, is seen when each is alone; it may be nobody's
            self._alone |= {(request.path, request.second) for request in requests}
            self._put_back(requests)
            self._unexplained = code, stderr, True
        else:
            done(requests[0], ChildEnd("vanished", code))
            self._unexplained = None
        if self._waiting:
            self._start(fork_server.seed, fork_server.shared, fork_server.plain)

    def _let_go(self, fork_server: _ForkServer) -> str:
        self._selector.unregister(fork_server.process.stdout)  # type: ignore[arg-type]
        for worker in fork_server.workers:
            self._selector.unregister(worker.answers)
        self._fork_servers.remove(fork_server)
        return self._buried(fork_server)

    def _buried(self, fork_server: _ForkServer) -> str:
        """Close a fork server; after one that could not see to it itself, end and remove what it left."""
        stderr = fork_server.close()
        # Killed by a signal it could neither end what its files started nor remove its home: both are found by the
        # token.
        if fork_server.process.returncode < 0:
            end_orphans(self._token, fork_server.network, {other.process.pid for other in self._fork_servers})
            sweep()
        return stderr

    def _put_back(self, requests: list[Request]) -> None:
        """Have files wait again, before the others."""
        self._waiting.extendleft((one, self._not_by[one.path] if one.second else 0) for one in reversed(requests))

    def _feed(self) -> None:
        for fork_server in self._fork_servers:
            for worker in fork_server.workers:
                if not worker.requests and worker.pid is not None and (batch := self._batch(fork_server)):
                    worker.give(batch)
        self._start_another()

    def _start_another(self) -> None:
        """Start a fork server of another hash seed when it is known what it is for: all have been parsed once."""
        if any(not one.second for one, _ in self._waiting) or any(
            not one.second for fork_server in self._fork_servers for one in fork_server.requests
        ):
            return
        # Not sooner: it costs an import of Airflow, and only now it is known whether a file needs the other seed, and
        # which libraries those files share.
        for plain in {fork_server.plain for fork_server in self._fork_servers}:
            theirs = [one.path for one, seed in self._waiting if seed and self._is_for(one, plain)]
            if theirs and not any(
                fork_server.seed == OTHER and fork_server.plain == plain for fork_server in self._fork_servers
            ):
                self._start(OTHER, () if plain else self._libraries_of(theirs), plain)

    def _is_for(self, request: Request, plain: bool) -> bool:
        """Whether a file belongs where no library is imported in advance; there may be none to import."""
        return not self._options.shared or (request.path in self._plain) == plain

    def _batch(self, fork_server: _ForkServer) -> list[Request]:
        """What a worker does next: files of one root, as many as leave something to the others.

        A file that may have ended a fork server is at work in one where nothing else is.
        """
        at_work = fork_server.requests
        if any((one.path, one.second) in self._alone for one in at_work):
            return []
        waiting = (
            one for one in self._waiting if one[1] != fork_server.seed and self._is_for(one[0], fork_server.plain)
        )
        free = list(islice(waiting, BATCH * self._jobs * 4))[: BATCH * self._jobs]
        if not free:
            return []
        first = free[0][0]
        is_alone = (first.path, first.second) in self._alone
        if is_alone and at_work:
            return []
        alike = [one for one in free if (one[0].root, one[0].second) == (first.root, first.second)]
        most = 1 if is_alone else max(FEW, min(BATCH, len(alike) // self._jobs))
        taken = [one for one in alike if (one[0].path, one[0].second) not in self._alone or one[0] is first][:most]
        for one in taken:
            self._waiting.remove(one)
        return [request for request, _ in taken]

    def _close(self) -> tuple[int, str, bool] | None:
        """Let all go; exit code and last words of one that did not end well."""
        lost = None
        while self._fork_servers:
            fork_server = self._fork_servers.pop()
            stderr = self._buried(fork_server)
            if fork_server.process.returncode != 0 and not fork_server.ended_by_us and lost is None:
                lost = fork_server.process.returncode, stderr, fork_server.ready
        self._selector.close()
        return lost or self._unexplained


def _is_of(name: str, other: str) -> bool:
    return name == other or name.startswith(other + ".")


def _lost(code: int, stderr: str, ready: bool) -> Exception:
    if code == NO_AIRFLOW and not ready:
        return unusable(stderr)
    how = f"killed by {signal.Signals(-code).name}" if -code in signal.valid_signals() else f"exit code {code}"
    when = "through no file's doing" if ready else "before it was ready"
    return WorkerLost(
        f"a process of the gate ended {when}: {how}",
        why=stderr or None,
        fix="run it again; nothing that it said is complete",
    )
