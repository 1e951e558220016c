"""Zygotes kept at work: files go out, verdicts come back, one that is lost is replaced. Nothing imports Airflow."""

from __future__ import annotations

import json
import os
import pickle
import selectors
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from harness.checks.child import Setting
from harness.checks.zygote import Verdict

_PROGRAM = "from harness.checks.zygote import main; main()"


@dataclass(frozen=True)
class Request:
    """One parse of a file, or twins: second parses of several files, in one child.

    Attributes:
        files: (path, root).
        not_by: hash seeds of zygotes that may not take it: those that parsed the files first.
    """

    files: tuple[tuple[str, str], ...]
    twin: bool = False
    not_by: frozenset[int] = frozenset()


class _Zygote:
    """The owner's end of a zygote.

    Attributes:
        seed: its ``PYTHONHASHSEED``.
        request: what it is at.
    """

    def __init__(self, seed: int, setting: Setting) -> None:
        self.seed = seed
        self.request: Request | None = None
        self.ready = False
        self._buffer = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            start_new_session=True,
        )
        given = pickle.dumps(setting)
        self._send(f"{len(given)}\n".encode() + given)

    def give(self, request: Request) -> None:
        self.request = request
        self._send((json.dumps({"files": request.files, "twin": request.twin}) + "\n").encode())

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

    def close(self) -> None:
        """Let it go: it ends what it started. Its own end is waited for."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


Done = Callable[[Request, Verdict, int], Any]
"""Called with a request, how it ended, and the hash seed of the zygote that did it."""


class Farm:
    """Parses files in children of warm zygotes, which start at the first `run` and live until `close`.

    Args:
        setting: what holds for every file.
        jobs: zygotes at work side by side, 1 or more.
        twins: files are parsed a second time under another hash seed: there are at least two zygotes.
    """

    def __init__(self, setting: Setting, jobs: int, twins: bool) -> None:
        self._setting, self._jobs, self._twins = setting, max(1, jobs), twins
        self._selector = selectors.DefaultSelector()
        self._zygotes: list[_Zygote] = []
        self._waiting: deque[Request] = deque()

    def __enter__(self) -> Farm:
        """The farm."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End every zygote and all that descends from it."""
        self.close()

    def run(self, requests: Iterable[Request], done: Done) -> None:
        """Parse them all."""
        self._waiting.extend(requests)
        count = max(min(self._jobs, len(self._waiting)), 2 if self._twins else 1) if self._waiting else 0
        for seed in range(len(self._zygotes) + 1, count + 1):
            self._start(seed)
        self._feed()
        while self._waiting or any(zygote.request for zygote in self._zygotes):
            for key, _ in self._selector.select():
                self._hear(key.data, done)
            self._feed()

    def close(self) -> None:
        """End every zygote and all that descends from it."""
        for zygote in self._zygotes:
            zygote.close()
        self._zygotes.clear()
        self._selector.close()

    def _start(self, seed: int) -> None:
        zygote = _Zygote(seed, self._setting)
        self._zygotes.append(zygote)
        assert zygote.process.stdout is not None
        self._selector.register(zygote.process.stdout, selectors.EVENT_READ, zygote)

    def _hear(self, zygote: _Zygote, done: Done) -> None:
        lines = zygote.lines()
        if lines is None:
            self._lost(zygote, done)
            return
        for line in lines:
            answer = json.loads(line)
            if answer.pop("ready", False):
                zygote.ready = True
                continue
            request, zygote.request = zygote.request, None
            assert request is not None
            done(request, Verdict(**answer), zygote.seed)

    def _lost(self, zygote: _Zygote, done: Done) -> None:
        """A zygote is gone: what it was at has ended it."""
        self._selector.unregister(zygote.process.stdout)  # type: ignore[arg-type]
        self._zygotes.remove(zygote)
        zygote.close()
        if not zygote.ready:
            raise ZygoteFailed(f"a zygote ended with exit code {zygote.process.returncode} before it was ready")
        if zygote.request is not None:
            done(zygote.request, Verdict("vanished", zygote.process.returncode), zygote.seed)
        if self._waiting:
            self._start(zygote.seed)

    def _feed(self) -> None:
        for zygote in self._zygotes:
            if zygote.request is None and zygote.ready:
                found = next((one for one in self._waiting if zygote.seed not in one.not_by), None)
                if found is not None:
                    self._waiting.remove(found)
                    zygote.give(found)


class ZygoteFailed(Exception):
    """A zygote that did not come up: our fault, or an Airflow that does not import."""
