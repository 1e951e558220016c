"""Zygotes kept at work: files go out, verdicts come back, one that is lost is replaced. Nothing imports Airflow."""

from __future__ import annotations

import json
import os
import pickle
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from harness.checks.child import Setting
from harness.checks.strays import TOKEN, end_strays, is_stopped
from harness.checks.zygote import NO_AIRFLOW, Verdict
from harness.errors import AirflowUnusable, WorkerLost
from harness.project.libraries import imports_in
from harness.project.scratch import sweep

_PROGRAM = "from harness.checks.zygote import main; main()"
READY_S = 120.0
"""Real seconds that a zygote may take to import Airflow."""
TICK_S = 0.25
GRACE_S = 10.0
BATCH = 10
"""Files that one child may parse, as long as each leaves nothing behind for the next: a fork costs as much as one."""


@dataclass(frozen=True)
class Request:
    """One parse of one file.

    Attributes:
        twin: the second parse, under another hash seed and a later clock.
    """

    path: str
    root: str
    twin: bool = False


class _Zygote:
    """The owner's end of a zygote.

    Attributes:
        seed: its ``PYTHONHASHSEED``.
        requests: what it is at.
        ready: it has imported Airflow.
        network: the name of its network, when it left the machine's.
        plain: no library is imported ahead in it. at_libraries: it has begun to import them.
        ended_by_us: it did not end by itself when it was let go.
    """

    def __init__(self, seed: int, setting: Setting, token: str) -> None:
        self.seed, self.plain = seed, not setting.ahead
        self.requests: list[Request] = []
        self.ready = self.at_libraries = False
        self.network: str | None = None
        self.ended_by_us = False
        self._buffer = b""
        self._patience_s = BATCH * (setting.timeout_s + setting.checking_s) + GRACE_S
        self._since = time.monotonic()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with it
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**setting.repository.process_environment(os.environ), "PYTHONHASHSEED": str(seed), TOKEN: token},
            start_new_session=True,
        )
        given = pickle.dumps(setting)
        self._send(f"{len(given)}\n".encode() + given)

    def give(self, requests: list[Request]) -> None:
        """Set it to work, on files of one root, all of them first parses or all twins."""
        self.requests, self._since = requests, time.monotonic()
        files = [(request.path, request.root) for request in requests]
        self._send((json.dumps({"files": files, "twin": requests[0].twin}) + "\n").encode())

    def _send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            return  # its end is seen where it is read

    def lines(self) -> list[bytes] | None:
        """Whole lines that have come; None at its end."""
        assert self.process.stdout is not None
        chunk = os.read(self.process.stdout.fileno(), 1 << 20)
        if not chunk:
            return None
        *whole, self._buffer = (self._buffer + chunk).split(b"\n")
        return whole

    def kill_if_stuck(self) -> None:
        """End it when a file has stopped it, or when it says nothing for too long; what follows is seen as its end."""
        waited = time.monotonic() - self._since
        late = waited > (self._patience_s if self.ready else READY_S) and (bool(self.requests) or not self.ready)
        if late or is_stopped(self.process.pid):
            self.process.kill()

    def close(self) -> str:
        """Let it go: it ends what it started. Its own end is waited for.

        Returns: the last lines that it wrote on standard error.
        """
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue  # a request that it did not live to read
        if not self.ready and self.process.poll() is None:  # nobody needs it any more, and it would not hear of it yet
            self._end()
        try:
            self.process.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            self._end()
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").strip()
        self._said.close()
        return "\n".join(said.splitlines()[-15:])

    def _end(self) -> None:
        self.ended_by_us = True
        self.process.kill()
        self.process.wait()


class Farm:
    """Parses files in children of warm zygotes.

    Args:
        setting: what holds for every file.
        jobs: zygotes at work side by side, 1 or more.
        twins: whether every file that holds a Dag is parsed a second time, elsewhere.
    Attributes:
        libraries: files that the zygotes imported modules from.
    """

    def __init__(self, setting: Setting, jobs: int, twins: bool) -> None:
        self._setting, self._jobs, self._twins = setting, max(1, jobs), twins
        self._plain: set[str] = set()
        self.libraries: set[str] = set()
        self._token = secrets.token_hex(16)
        self._selector = selectors.DefaultSelector()
        self._zygotes: list[_Zygote] = []
        self._waiting: deque[tuple[Request, int]] = deque()
        self._alone: set[tuple[str, bool]] = set()
        self._first_by: dict[str, int] = {}
        self._unexplained: tuple[int, str, bool] | None = None

    def run(self, requests: Iterable[Request], done: Callable[[Request, Verdict], Any]) -> None:
        """Parse them all.

        Args:
            done: called with every verdict as it comes, twins' too.
        Raises:
            AirflowUnusable: Airflow does not import.
            WorkerLost: a zygote was ended from outside while no file was to blame.
        """
        self._waiting.extend((request, 0) for request in requests)
        if not self._waiting:
            return
        try:
            count = min(self._jobs, len(self._waiting))
            for seed in range(1, max(count, 2 if self._twins else 1) + 1):
                self._start(seed)
            self._serve(done)
        except BaseException:
            self._close()
            raise
        if lost := self._close():
            raise _lost(*lost)

    def _start(self, seed: int, plain: bool = False) -> None:
        setting = replace(self._setting, ahead=()) if plain else self._setting
        zygote = _Zygote(seed, setting, self._token)
        self._zygotes.append(zygote)
        assert zygote.process.stdout is not None
        self._selector.register(zygote.process.stdout, selectors.EVENT_READ, zygote)

    def _serve(self, done: Callable[[Request, Verdict], Any]) -> None:
        while self._waiting or any(zygote.requests for zygote in self._zygotes):
            for key, _ in self._selector.select(TICK_S):
                zygote: _Zygote = key.data
                lines = zygote.lines()
                if lines is None:
                    self._ended(zygote, done)
                    continue
                for line in lines:
                    self._answered(zygote, json.loads(line), done)
            for zygote in self._zygotes:
                zygote.kill_if_stuck()
            self._feed()

    def _answered(self, zygote: _Zygote, answer: dict[str, Any], done: Callable[[Request, Verdict], Any]) -> None:
        if "ahead" in answer:
            zygote.at_libraries = True
            return
        if answer.pop("ready", False):
            zygote.ready, zygote.network = True, answer["network"]
            self.libraries.update(answer["libraries"])
            if answer["refused"]:
                self._without(zygote, answer["refused"])
            return
        requests, zygote.requests = zygote.requests, []
        verdicts = [Verdict(**verdict) for verdict in answer["verdicts"]]
        self._put_back(requests[len(verdicts) :])
        for request, verdict in zip(requests, verdicts):  # noqa: B905 - the rest waits again
            if not zygote.plain and self._may_be_due_to_libraries(request, verdict):
                self._again_in_plain(request)
                continue
            if self._twins and not request.twin and verdict.report is not None and verdict.report.get("dags"):
                self._first_by[request.path] = zygote.seed
                self._waiting.append((Request(request.path, request.root, True), zygote.seed))
            done(request, verdict)

    def _may_be_due_to_libraries(self, request: Request, verdict: Verdict) -> bool:
        """Whether what a file came to may be otherwise where no library was imported ahead."""
        if verdict.report is not None:
            return "misled" in verdict.report
        try:
            names = {name.partition(".")[0] for name in imports_in(Path(request.path).read_bytes())}
        except OSError:
            return False
        return any(name.partition(".")[0] in names for name in self._setting.ahead)

    def _again_in_plain(self, request: Request) -> None:
        """Have a file parsed anew, in a zygote that imported nothing but Airflow; there is one when it is needed."""
        if not self._plain:
            for seed in (1, 2) if self._twins else (1,):
                self._start(seed, plain=True)
        self._plain.add(request.path)
        self._put_back([request])

    def _without(self, zygote: _Zygote, refused: Iterable[str]) -> None:
        """Replace a zygote by one that does not import those libraries, nor does any that is started from now on."""
        left = tuple(name for name in self._setting.ahead if not any(_is_of(name, other) for other in refused))
        self._setting = replace(self._setting, ahead=left)
        self._selector.unregister(zygote.process.stdout)  # type: ignore[arg-type]
        self._zygotes.remove(zygote)
        self._buried(zygote)
        self._start(zygote.seed)

    def _ended(self, zygote: _Zygote, done: Callable[[Request, Verdict], Any]) -> None:
        """A zygote is gone: what it was at has ended it, or a library that it imported."""
        if not zygote.ready and zygote.at_libraries:
            self._without(zygote, self._setting.ahead)
            return
        self._selector.unregister(zygote.process.stdout)  # type: ignore[arg-type]
        self._zygotes.remove(zygote)
        said = self._buried(zygote)
        code = zygote.process.returncode
        if not zygote.requests:
            raise _lost(code, said, zygote.ready)
        first, *rest = zygote.requests
        if rest:  # whose fault it is, is seen when each is alone; it may be nobody's
            self._alone |= {(request.path, request.twin) for request in zygote.requests}
            self._put_back(zygote.requests)
            self._unexplained = code, said, True
        else:
            done(first, Verdict("vanished", code))
            self._unexplained = None
        if self._waiting:
            self._start(zygote.seed, zygote.plain)

    def _buried(self, zygote: _Zygote) -> str:
        """Close a zygote; after one that could not see to it itself, end and remove what it left."""
        said = zygote.close()
        if zygote.process.returncode < 0:
            end_strays(self._token, zygote.network, {other.process.pid for other in self._zygotes})
            sweep()
        return said

    def _put_back(self, requests: list[Request]) -> None:
        """Have files wait again, before the others."""
        self._waiting.extendleft((one, self._first_by[one.path] if one.twin else 0) for one in reversed(requests))

    def _feed(self) -> None:
        for zygote in self._zygotes:
            if not zygote.requests and zygote.ready and (batch := self._batch(zygote)):
                zygote.give(batch)

    def _batch(self, zygote: _Zygote) -> list[Request]:
        """What a zygote does next: files of one root, as many as leave something to the others."""
        kind = {zygote.plain} if self._plain or not zygote.plain else {True, False}
        waiting = ((one, seed) for one, seed in self._waiting if (one.path in self._plain) in kind)
        free = [one for one in islice(waiting, BATCH * self._jobs * 4) if one[1] != zygote.seed][: BATCH * self._jobs]
        if not free:
            return []
        first = free[0][0]
        alike = [one for one in free if (one[0].root, one[0].twin) == (first.root, first.twin)]
        most = 1 if (first.path, first.twin) in self._alone else max(1, min(BATCH, len(alike) // self._jobs))
        taken = [one for one in alike if (one[0].path, one[0].twin) not in self._alone or one[0] is first][:most]
        for one in taken:
            self._waiting.remove(one)
        return [request for request, _ in taken]

    def _close(self) -> tuple[int, str, bool] | None:
        """Let all go; exit code and last words of one that did not end well."""
        lost = None
        while self._zygotes:
            zygote = self._zygotes.pop()
            said = self._buried(zygote)
            if zygote.process.returncode != 0 and not zygote.ended_by_us and lost is None:
                lost = zygote.process.returncode, said, zygote.ready
        self._selector.close()
        return lost or self._unexplained


def _is_of(name: str, other: str) -> bool:
    return name == other or name.startswith(other + ".")


def _lost(code: int, said: str, ready: bool) -> Exception:
    if code == NO_AIRFLOW and not ready:
        return AirflowUnusable(
            "Airflow does not import, so no Dag file can be checked",
            why=said,
            fix="see what it says; python -c 'import airflow'",
        )
    how = f"killed by {signal.Signals(-code).name}" if -code in signal.valid_signals() else f"exit code {code}"
    when = "through no file's doing" if ready else "before it was ready"
    return WorkerLost(
        f"a process of the gate ended {when}: {how}",
        why=said or None,
        fix="run it again; nothing that it said is complete",
    )
