"""A child that does the work of an engine's worker: a program of ours, one process for one kind of work.

A worker's own process talks to its scheduler all the time, in real time, so what moves the clock of its process has no
place in it. Messages on both pipes are pickles, each behind its length in eight bytes.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import IO

from harness.project.installed import version_of
from harness.project.own_programs import own_program

LENGTH = 8
PACKAGES = ("apache-airflow-core", "apache-airflow-task-sdk", "airflow-harness")


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of work.

    Attributes:
        entry: ``module:function``. Called once with ``told`` and the process id of the worker, it gives the function
            that is called with each part.
    """

    entry: str
    told: bytes


class ServerLost(Exception):
    """The child ended before its part was done."""


def versions() -> str:
    """Of what decides how work is done."""
    found = ", ".join(f"{name} {version_of(name)}" for name in PACKAGES)
    return f"python {sys.version_info.major}.{sys.version_info.minor}, {found}"


class ServingChildren:
    """The children of one process, by their job: all that is given to it has in common is the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[str, list[ServingChild]] = {}
        self._busy: set[ServingChild] = set()
        self._are_ended = False

    def served(self, job: Job, part: bytes) -> bytes:
        """Have a child do a part; called in a thread, each of which has a child of its own meanwhile.

        Raises: ServerLost: also after `end`. Whatever the work raises.
        """
        key = hashlib.sha256(pickle.dumps(job)).hexdigest()
        with self._lock:
            if self._are_ended:  # a thread that was to begin as they were
                raise ServerLost("the children were ended")
            for other in [one for one in self._idle if one != key]:  # of work that is over
                for child in self._idle.pop(other):
                    child.close()
            idle = self._idle.setdefault(key, [])
            child = idle.pop() if idle else ServingChild(job)
            self._busy.add(child)
        try:
            went_well, found = child.asked(part)
        except BaseException:
            child.close()
            raise
        finally:
            with self._lock:
                self._busy.discard(child)
        with self._lock:
            if self._are_ended:
                child.close()
            else:
                self._idle.setdefault(key, []).append(child)
        if not went_well:
            raise pickle.loads(found)
        return found

    def end(self) -> None:
        """End those that wait, for good, and those that are at work: who waits for these hears of a `ServerLost`."""
        with self._lock:
            self._are_ended = True
            for child in self._busy:
                child.kill()
            for children in self._idle.values():
                for child in children:
                    child.close()
            self._idle.clear()


class ServingChild:
    """The worker's end of a process of this module."""

    def __init__(self, job: Job) -> None:
        command = [*own_program("harness.engines.serving"), str(os.getpid())]
        # in a session of its own: Ctrl-C is for the process that has it work
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self._send(pickle.dumps(job))

    def asked(self, part: bytes) -> tuple[bool, bytes]:
        """Whether a part was done, and what came of it or was raised, pickled. Raises: ServerLost."""
        self._send(part)
        assert self._process.stdout is not None
        answer = read(self._process.stdout)
        if answer is None:
            raise ServerLost(f"exit code {self._process.wait()}")
        went_well, found = pickle.loads(answer)
        return went_well, found

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        try:
            write(self._process.stdin, message)
        except BrokenPipeError:
            raise ServerLost(f"exit code {self._process.wait()}") from None

    def kill(self) -> None:
        """End it; its part is lost."""
        self._process.kill()

    def close(self) -> None:
        """End it, and let go of what is left of it."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # of a part that it did not read any more
                    pipe.close()


_children = ServingChildren()


def served_part(job: Job, part: bytes) -> bytes:
    """Have a child of a worker do a part; as `ServingChildren.served`."""
    return _children.served(job, part)


def write(pipe: IO[bytes], message: bytes) -> None:
    """Write a message."""
    pipe.write(len(message).to_bytes(LENGTH, "big") + message)
    pipe.flush()


def read(pipe: IO[bytes]) -> bytes | None:
    """The next message, None at the end."""
    head = pipe.read(LENGTH)
    size = int.from_bytes(head, "big")
    message = pipe.read(size) if len(head) == LENGTH else b""
    return message if message and len(message) == size else None


def main() -> None:
    """Do the parts that are asked for, until nobody asks."""
    answers, asked = os.fdopen(os.dup(1), "wb"), os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)  # what the work prints is no answer
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    told = read(asked)
    if told is None:
        return
    job: Job = pickle.loads(told)
    module, _, name = job.entry.partition(":")
    work: Callable[[bytes], bytes] | None = None
    while (part := read(asked)) is not None:
        try:
            if work is None:
                work = getattr(import_module(module), name)(job.told, int(sys.argv[1]))
            answer = (True, work(part))
        except Exception as error:
            answer = (False, _pickled(error))
        write(answers, pickle.dumps(answer))


def _pickled(error: Exception) -> bytes:
    """An error for another process; one that cannot go there by its text."""
    try:
        pickled = pickle.dumps(error)
        pickle.loads(pickled)
    except Exception:  # the classes are those of whoever raised it
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return pickled
