"""A small process that owns a server and its folder, and ends both when whoever asked for them is gone.

Run as a program with ``-I -S``, the standard library only: it must start fast and import nothing of the user's. It is
the server's parent, in a session of its own, so that there is no moment at which its owner's death leaves something
behind. It reads one JSON line (see ``Order``) and reports events as JSON lines; then any input, the end of input, or
a new parent process means: stop, remove the folder, exit. The parent is looked at because processes forked off the
owner hold its end of the pipe open. With a folder as argument it sweeps up after a reaper that was killed.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn, TypedDict

POLL_S = 0.5
"""How often the parent is looked at."""

READY_POLL_S = 0.005
"""How often a starting server is looked at."""

IMMEDIATE_S = 8.0
"""PostgreSQL's immediate shutdown kills what has not ended after 5 s."""

LOG_LINES = 15
PID_FILES = ("postmaster.pid", "mariadbd.pid")
"""In a server's data: it begins with the number of its process."""

ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Order(TypedDict):
    """What to run. ``{folder}`` in texts stands for the new folder, whose name holds ``kind``.

    ``steps`` run one after the other, then ``serve``, which serves as soon as the file ``ready[0]`` holds ``ready[1]``;
    ``serve`` alone has ``env``; empty, it means that the folder alone is kept. Of
    ``copies``, a source is a folder or a file.
    """

    owner: int
    kind: str
    parent: str
    uid: int | None
    gid: int | None
    files: dict[str, str]
    copies: list[tuple[str, str]]
    steps: list[list[str]]
    serve: list[str]
    env: dict[str, str]
    ready: tuple[str, str]


class Gone(BaseException):
    """The owner is gone or wants an end."""


def main() -> None:
    """Serve one order until the owner is gone."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _ended)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.argv[1:]:
        sweep(sys.argv[1])
        return
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return  # the owner died while it was ordering
    order: Order = json.loads(line)
    watch = ChildWatch(order["owner"])
    with suppress(Gone):
        watch.poll()
        folder = tempfile.mkdtemp(prefix=f"airflow-harness-{order['kind']}-", dir=order["parent"])
        server = Served(order, folder)
        try:
            report(event="folder", folder=folder)
            server.run(watch)
        finally:
            for ending in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(ending, signal.SIG_IGN)
            server.end()
            remove(folder)


class ChildWatch:
    """Waits for a child, looking out for the owner."""

    def __init__(self, owner_pid: int) -> None:
        self._owner_pid = owner_pid
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def poll(self, timeout_s: float = 0) -> None:
        """Return when a child has changed or the time is over. Raises: Gone."""
        ready, _, _ = select.select([0, self._woken], [], [], timeout_s)
        if self._woken in ready:
            os.read(self._woken, 512)
        if 0 in ready or os.getppid() != self._owner_pid:
            raise Gone

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """The exit code of a child. Raises: Gone."""
        while (code := child.poll()) is None:
            self.poll(POLL_S)
        return code


class Served:
    """The folder and the programs that run in it, one after the other."""

    def __init__(self, order: Order, folder: str) -> None:
        self._order, self._folder = order, folder
        self._log = os.path.join(folder, "log")  # noqa: PTH118 - pathlib takes 10 ms to import
        self._child: subprocess.Popen[bytes] | None = None
        self._ending = signal.SIGTERM
        self._in_child = _parent_death_signal()

    def run(self, watch: ChildWatch) -> None:
        """Prepare, then serve until the server ends by itself. Raises: Gone."""
        try:
            self._prepare(watch)
            for step in self._order["steps"]:
                if code := watch.wait(self._start(step)):
                    self._report("failed", program=step[0], code=code)
                    return
            if not self._order["serve"]:
                report(event="serving")
                while True:
                    watch.poll(POLL_S)
            env = {name: self._in_folder(value) for name, value in self._order["env"].items()}
            child = self._start(self._order["serve"], env)
            self._ending = signal.SIGQUIT
            if self._becomes_ready(child, watch):
                forget_shared_memory(child.pid)
                report(event="serving")
            self._report("ended", program=self._order["serve"][0], code=watch.wait(child))
        except Exception as error:
            program = str(getattr(error, "filename", None) or __file__)
            self._report("failed", program, code=f"{type(error).__name__}: {error}")

    def end(self) -> None:
        """End the program that runs: with the signal it understands, then by force."""
        if self._child is not None and self._child.poll() is None:
            end(self._child.pid, self._ending, self._child)
        if self._child is not None:
            forget_shared_memory(self._child.pid)

    def _becomes_ready(self, child: subprocess.Popen[bytes], watch: ChildWatch) -> bool:
        """Wait for the file that says so; False if the server ends first. Raises: Gone."""
        path, word = map(self._in_folder, self._order["ready"])
        while child.poll() is None:
            with suppress(OSError), open(path) as file:  # noqa: PTH123
                if word in file.read():
                    return True
            watch.poll(READY_POLL_S)
        return False

    def _prepare(self, watch: ChildWatch) -> None:
        for name, text in self._order["files"].items():
            path = self._in_folder("{folder}/" + name)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
                file.write(text)
            self._give(path)
        self._give(self._folder)
        for source, destination in self._order["copies"]:
            watch.poll()
            target = self._in_folder(destination)
            if os.path.isdir(source):  # noqa: PTH112
                shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("*.a", "include"))
            else:
                os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
                shutil.copyfile(source, target)
                os.chmod(target, 0o644)  # noqa: PTH101
        for above, _, _ in os.walk(self._in_folder("{folder}/programs")):
            os.chmod(above, 0o755)  # noqa: PTH101

    def _give(self, path: str) -> None:
        if self._order["uid"] is not None and self._order["gid"] is not None:
            os.chown(path, self._order["uid"], self._order["gid"])

    def _start(self, words: list[str], env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        identity: dict[str, Any] = {}
        if self._order["uid"] is not None:
            identity = {"user": self._order["uid"], "group": self._order["gid"], "extra_groups": []}
        with open(self._log, "ab") as log:  # noqa: PTH123
            self._child = subprocess.Popen(
                [self._in_folder(word) for word in words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={**ENV, "HOME": self._folder, "TMPDIR": self._folder, **(env or {})},
                start_new_session=True,
                preexec_fn=self._in_child,
                **identity,
            )
        return self._child

    def _in_folder(self, text: str) -> str:
        return text.replace("{folder}", self._folder)

    def _report(self, event: str, program: str, code: int | str) -> None:
        report(event=event, program=self._in_folder(program), code=code, log=tail(self._log))


def _ended(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Gone


def _parent_death_signal() -> Callable[[], object] | None:
    """What a child calls so that it gets SIGQUIT when the reaper dies: killing the reaper leaves no server either.

    Linux only. Looked up before forking: the account that the child becomes may not reach Python's own files.
    """
    if sys.platform != "linux":
        return None
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None
    return lambda: prctl(1, int(signal.SIGQUIT))  # PR_SET_PDEATHSIG


def report(**event: object) -> None:
    """Tell the owner, if it still listens."""
    with suppress(OSError):
        os.write(1, json.dumps(event).encode() + b"\n")


def tail(path: str) -> list[str]:
    """The last lines of a log."""
    try:
        with open(path, "rb") as log:  # noqa: PTH123
            log.seek(max(0, os.fstat(log.fileno()).st_size - 8192))
            return log.read().decode(errors="replace").splitlines()[-LOG_LINES:]
    except OSError:
        return []


def end(pid: int, ending: int, child: subprocess.Popen[bytes] | None = None) -> None:
    """Ask a process group's leader to end, wait, and kill the group."""
    with suppress(ProcessLookupError, PermissionError):  # macOS: the latter for a zombie
        os.killpg(pid, ending)
        deadline_s = time.monotonic() + IMMEDIATE_S
        while time.monotonic() < deadline_s:
            if child is not None:
                child.poll()  # else it stays as a zombie, and its group exists
            os.killpg(pid, 0)
            time.sleep(0.005)
        os.killpg(pid, signal.SIGKILL)


def sweep(folder: str) -> None:
    """End the server of a folder whose own reaper was killed, and remove the folder."""
    for name in PID_FILES:
        with suppress(OSError, ValueError, IndexError):
            with open(os.path.join(folder, "data", name)) as file:  # noqa: PTH118, PTH123
                pid = int(file.read().split()[0])
            end(pid, signal.SIGQUIT)
            forget_shared_memory(pid)
    remove(folder)


def forget_shared_memory(pid: int) -> None:
    """Remove the names of what libfaketime shares in a program: it does so itself, but not where it is killed.

    What has it mapped keeps it; nothing of ours asks for it by its name.
    """
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        with suppress(OSError):
            os.unlink(f"/dev/shm/{name}")  # noqa: PTH108


def remove(folder: str) -> None:
    """Remove a folder that the last of a server's processes may still be writing to."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):  # noqa: PTH110
            return
        time.sleep(0.05)


if __name__ == "__main__":
    main()
