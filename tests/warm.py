"""Programs of Python in a fork of a process that has imported their libraries, though neither Airflow nor ours.

Half of what a command of ours or a pytest costs, it costs to import pydantic, SQLAlchemy and a thousand modules more
(1.2 s of 2.5 s of processor time; a suite starts hundreds). What is tried here, Airflow and this project, is imported
by each program itself: it reads its environment, its settings and its ``sys.path`` while it is imported.

A program whose environment asks for an interpreter of its own (``PYTHON…``, ``TZ``, ``LC_…``) gets one.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

_OF_AN_INTERPRETER = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "COV", "MALLOC_")
_EMULATED = "PYTHONPATH"
_COMMANDS = {str(Path(sys.executable).with_name("airflow-harness"))}
_STARTING = threading.Lock()


class Program:
    """A program that runs, with as much of `subprocess.Popen` as our tests need.

    Args:
        arguments: ``[sys.executable, "-m", "pytest", …]`` or ``["…/bin/airflow-harness", …]``.
        streams: descriptors of its input, output and errors.
    """

    stdin = None

    def __init__(
        self, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], streams: Sequence[int]
    ) -> None:
        self.args = list(arguments)
        reads, writes = os.pipe()
        request = json.dumps({"arguments": self.args, "cwd": str(cwd), "environment": dict(environment)}).encode()
        with contextlib.closing(_connection(_interpreter_of(environment))) as server:
            server.sendall(struct.pack("I", len(request)))
            socket.send_fds(server, [b"!"], [*streams, writes])
            server.sendall(request)
        os.close(writes)
        self._told = os.fdopen(reads)
        self.pid = int(self._told.readline())

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, below zero where a signal ended it.

        Raises: subprocess.TimeoutExpired.
        """
        if not select.select([self._told], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        with self._told:
            return int(self._told.readline())

    def kill(self) -> None:
        """End it, whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def start(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], streams: Sequence[int]
) -> Program | subprocess.Popen[bytes]:
    """Start a program: in a fork where it can be, else as any other."""
    of_python = module_of(arguments) if arguments[0] == sys.executable else arguments[0] in _COMMANDS
    usual = {*_interpreter_of(os.environ), ("PYTHONUTF8", "1")}
    if (
        hasattr(os, "pidfd_open")
        and of_python
        and usual.issuperset(_interpreter_of(environment))
        and not any(name.startswith("COV") for name in environment)
        and not any((folder / "sitecustomize.py").exists() for folder in map(Path, _search_path(environment)))
    ):
        return Program(arguments, cwd, environment, streams)
    return cold(arguments, cwd, environment, streams)


def cold(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], streams: Sequence[int]
) -> subprocess.Popen[bytes]:
    """Start a program in a process of its own, for a test whose subject is how it starts."""
    stdin, stdout, stderr = streams
    return subprocess.Popen(arguments, cwd=cwd, env=environment, stdin=stdin, stdout=stdout, stderr=stderr)


def module_of(arguments: Sequence[str]) -> tuple[str, list[str]] | None:
    """The module that ``python -m`` runs, and its arguments."""
    option, *rest = arguments[1:] or [""]
    if not option.startswith("-m"):
        return None
    name, *rest = [option.removeprefix("-m"), *rest] if option != "-m" else rest
    return name, rest


def _search_path(environment: Mapping[str, str]) -> list[str]:
    return [folder for folder in environment.get(_EMULATED, "").split(os.pathsep) if folder]


def _interpreter_of(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    names = sorted(name for name in environment if name.startswith(_OF_AN_INTERPRETER) and name != _EMULATED)
    return tuple((name, environment[name]) for name in names)


def _connection(interpreter: tuple[tuple[str, str], ...]) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _STARTING:
        address = _server(interpreter)
    connection.connect(address)
    return connection


@cache
def _server(interpreter: tuple[tuple[str, str], ...]) -> str:
    """The address of a server for programs of such an interpreter, which ends with this process."""
    address = f"\0airflow-harness-tests-{os.getpid()}-{time.monotonic_ns()}"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen()
    ours = {"PATH": os.environ["PATH"], "HOME": os.devnull, **dict(interpreter)}
    process = subprocess.Popen(
        [sys.executable, __file__, str(listener.fileno())],
        env=ours,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=[listener.fileno()],
    )
    listener.close()
    atexit.register(process.communicate)
    return address


# -- the server -------------------------------------------------------------------------------------------------------


class _Server:
    """Forks the programs; learns of the first of each kind what the next ones import."""

    def __init__(self, listener: socket.socket, left_out: _LeftOut) -> None:
        self._listener = listener
        self._children: dict[int, tuple[int, int]] = {}
        self._lessons: dict[int, bytes] = {}
        self._kinds: set[tuple[str, ...]] = set()
        self._left_out = left_out

    def serve(self) -> None:
        """Until the owner closes our standard input."""
        while True:
            ready, _, _ = select.select([0, self._listener, *self._children, *self._lessons], [], [])
            if 0 in ready:
                return
            for descriptor in ready:
                if descriptor in self._children:
                    self._ended(descriptor)
                elif descriptor in self._lessons:
                    self._learn(descriptor)
            if self._listener in ready:
                with self._listener.accept()[0] as connection:
                    self._fork(connection)

    def _fork(self, connection: socket.socket) -> None:
        (size,) = struct.unpack("I", _exactly(connection, 4))
        _, descriptors, _, _ = socket.recv_fds(connection, 1, 4)
        request = json.loads(_exactly(connection, size))
        arguments = request["arguments"]
        kind = tuple(arguments[:3] if arguments[0] == sys.executable else arguments[:2])
        teaches = kind not in self._kinds
        self._kinds.add(kind)
        reads, writes = os.pipe() if teaches else (-1, -1)
        child = os.fork()
        if child == 0:
            for descriptor in (
                *(self._listener.fileno(), connection.fileno(), reads),
                *(*self._children, *self._lessons),
            ):
                with contextlib.suppress(OSError):
                    os.close(descriptor)
            for answer, _ in self._children.values():
                os.close(answer)
            if teaches:
                sys.addaudithook(lambda event, args: event == "import" and _tell(writes, args[0]))
            _become(request, descriptors)
        *streams, answer = descriptors
        for descriptor in (*streams, writes):
            if descriptor >= 0:
                os.close(descriptor)
        os.write(answer, b"%d\n" % child)
        self._children[os.pidfd_open(child)] = answer, child
        if teaches:
            self._lessons[reads] = b""

    def _ended(self, descriptor: int) -> None:
        answer, child = self._children.pop(descriptor)
        os.close(descriptor)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with contextlib.suppress(BrokenPipeError), os.fdopen(answer, "w") as told:
            told.write(f"{code}\n")

    def _learn(self, descriptor: int) -> None:
        """Import what the program did once it and all that it forked have ended."""
        read = os.read(descriptor, 1 << 16)
        self._lessons[descriptor] += read
        if read:
            return
        names = dict.fromkeys(self._lessons.pop(descriptor).decode().splitlines())
        os.close(descriptor)
        for name in names:
            if name.partition(".")[0] not in self._left_out.names and name not in sys.modules:
                self._import(name)

    def _import(self, name: str) -> None:
        """Import a module, unless one of those left out is asked for meanwhile.

        ``try: import anyio`` of httpcore finds it missing here, and would for all programs: whatever came with such a
        module is imported by each program itself.
        """
        before, self._left_out.asked_for = set(sys.modules), False
        with contextlib.suppress(Exception):
            __import__(name)
        if self._left_out.asked_for:
            for new in sys.modules.keys() - before:
                module = sys.modules.pop(new)
                parent, _, own = new.rpartition(".")
                if vars(sys.modules.get(parent, object)).get(own) is module:
                    delattr(sys.modules[parent], own)


class _LeftOut:
    """Finds no module of those that each program imports by itself, whoever asks for one."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names, self.asked_for = names, False

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in self.names:
            self.asked_for = True
            raise ModuleNotFoundError(name)


def _left_out() -> frozenset[str]:
    """Airflow and we; pytest and its plugins, whose assertions pytest rewrites while they are imported."""
    plugins = {entry.module.partition(".")[0] for entry in entry_points(group="pytest11")}
    return frozenset(
        {"airflow", "harness", "tests", "pytest", "_pytest", "hypothesis", "_hypothesis_globals", *plugins, "__main__"}
    )


def _tell(writes: int, name: str) -> None:
    with contextlib.suppress(OSError):  # a program may close all descriptors
        os.write(writes, f"{name}\n".encode())


def _exactly(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        read += connection.recv(size - len(read)) or sys.exit("the owner is gone")
    return read


def _become(request: dict[str, object], descriptors: Sequence[int]) -> None:
    """Be the program from its first line to what an interpreter does at its end."""
    code: object = 1
    try:
        for to, descriptor in enumerate(descriptors[:3]):
            os.dup2(descriptor, to)
        for descriptor in descriptors:
            os.close(descriptor)
        code = _ran(request)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for end in (threading._shutdown, atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):  # type: ignore[attr-defined]
            try:
                end()
            except Exception:
                sys.excepthook(*sys.exc_info())
        os._exit(code if isinstance(code, int) else 1)


def _ran(request: dict[str, object]) -> object:
    import runpy
    import tempfile

    environment, arguments = dict(request["environment"]), list(request["arguments"])  # type: ignore[call-overload]
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _LeftOut)]
    sys.path[1:1] = _search_path(environment)
    sys.orig_argv = [sys.executable, *arguments]
    try:
        if arguments[0] == sys.executable:
            module, rest = module_of(arguments) or ("", [])
            sys.path[0], sys.argv = os.getcwd(), [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        else:
            sys.path[0], sys.argv = str(Path(arguments[0]).parent), arguments
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return 0 if end.code is None else end.code
    return 0


@contextlib.contextmanager
def _alone() -> Iterator[_Server]:
    sys.path[0] = str(Path(sys.executable).parent)  # not this folder, with its packages ``checks`` and ``cli``
    sys.meta_path.insert(0, left_out := _LeftOut(_left_out()))  # type: ignore[arg-type]
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        yield _Server(listener, left_out)


if __name__ == "__main__":
    with _alone() as server:
        server.serve()
