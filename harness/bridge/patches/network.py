"""No connection leaves the machine: what user code asks Python's sockets for is judged, and put back afterwards.

Judged are connections, datagrams and look-ups of names by code that runs in a simulation, or in a thread that it
started, and by Dag files while they are imported; threads that were there before are not ours. This machine itself
(loopback, its own name), sockets that are no internet's and what the world allows go through. Everything else is
refused as a server that is not there would refuse it, before a name is looked up.

Processes that a task forks are judged as it is; what they were refused is handed back by a file
(`NetworkGuard.gather`).

Proxies of the environment would carry everything out unjudged: they are hidden, unless the world allows them.
Programs that a task starts are other processes: they are given a proxy that refuses and tells, which most of those that
speak HTTP heed. Clients written in C that open their own sockets are judged where we know them
(`harness.bridge.patches.network_unseen` has both); gRPC is given a proxy that is not
there.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import astuple, dataclass
from typing import IO, Any
from urllib.parse import urlsplit

from harness.bridge.explain import is_users_frame
from harness.bridge.patches import Change, replaced
from harness.bridge.patches.network_unseen import RefusingProxy, drivers_judged
from harness.errors import NetworkRefused
from harness.world.network import Network

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_LOOKUPS = ("gethostbyname", "gethostbyname_ex", "gethostbyaddr")
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")
_GRPC = "grpc_proxy"
DEAD_PROXY = "http://127.0.0.1:9"
"""Where nobody listens: the port of the discard service; gRPC's calls end there."""


@dataclass(frozen=True)
class RefusedConnection:
    """A connection that was refused.

    Attributes:
        host: as it was named, or its address.
        port: None of a look-up.
        path, line: of the user's own code; empty and 0 where no frame is the user's.
        request, cassette: what was asked, ``GET https://…``, of a file that does not have it; empty for a connection.
    """

    host: str
    port: int | None
    path: str
    line: int
    request: str = ""
    cassette: str = ""

    @property
    def order(self) -> tuple[str, int, str, int, str]:
        """Sort key: by host, look-ups before connections, and by place."""
        return self.host, -1 if self.port is None else self.port, self.path, self.line, self.request

    @property
    def place(self) -> str:
        """``file:line`` of the user's code."""
        return f"{self.path}:{self.line}" if self.path else "a Dag file"

    @property
    def fact(self) -> str:
        """What is refused, and why."""
        if self.request:
            return f"{self.request} is not in the cassette {self.cassette}"
        return f"{self.peer} is not in the world"

    @property
    def fix(self) -> str:
        """How to let it through."""
        if self.request:
            return RECORDING
        return f"name a service in the connection that leads there ({{service: …}}), or {allowing(self.peer)}"

    @property
    def peer(self) -> str:
        """``host:port``, as the world allows it."""
        host = f"[{self.host}]" if ":" in self.host and self.port is not None else self.host
        return host if self.port is None else f"{host}:{self.port}"


class NetworkGuard:
    """Judges what user code connects to.

    Args:
        told: called with each refusal, in the thread in which it happens.
    Attributes:
        down: ``host:port`` of services of the world that refuse everybody for now, of a database of such a server
            ``host:port/name``; no finding is made of that.
    """

    def __init__(self, network: Network, told: Callable[[RefusedConnection], None]) -> None:
        self._network, self._told = network, told
        self.down: set[str] = set()
        self._names: dict[str, set[str]] = {}
        self._outside: frozenset[int] = frozenset()
        self._own = os.uname().nodename.lower()
        self._forks = _Forks()
        self._proxy: RefusingProxy | None = None
        self._starters: dict[str, _Starter] = {}
        self._of_programs: deque[tuple[Context, RefusedConnection]] = deque()

    @contextmanager
    def on_duty(self) -> Iterator[None]:
        """Judge for the block."""
        alive = {thread.ident for thread in threading.enumerate() if thread.ident is not None}
        self._outside = frozenset(alive - {threading.get_ident()})
        hidden = {name: os.environ.pop(name) for name in list(os.environ) if self._is_hidden_proxy(name)}
        given = {name: os.environ.get(name) for name in (_GRPC, f"no_{_GRPC}")}
        os.environ.update(self._grpc())
        try:
            with replaced(self._changes()), drivers_judged(self.judge):
                yield
        finally:
            for name, value in given.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            os.environ.update(hidden)
            self.gather()
            if self._proxy is not None:
                self._proxy.close()
                self._proxy = None

    def gather(self) -> None:
        """Tell of what was refused since to processes that were forked, and to programs."""
        while self._of_programs:
            context, refusal = self._of_programs.popleft()
            context.run(self._told, refusal)
        for context, refusal in self._forks.heard():
            context.run(self._told, refusal)

    def _is_hidden_proxy(self, name: str) -> bool:
        if name.lower() not in _PROXIES:
            return False
        value = os.environ[name]
        parts = urlsplit(value if "://" in value else f"//{value}")
        return not self._network.allows([parts.hostname or ""], parts.port)

    def judge(self, host: Any, port: Any, part: str | None = None) -> None:
        """Let a peer be reached.

        Args:
            part: which database of it is asked for; None where nobody can tell.
        Raises: NetworkRefused: it may not. ConnectionRefusedError: it is a service that is down.
        """
        name = _text(host)
        if threading.get_ident() in self._outside:
            return
        if self.down and self._is_down(f"{name}:{port}", part):
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{os.strerror(errno.ECONNREFUSED)}: {name}:{port}")
        if self._is_here(name):
            return
        number = port if isinstance(port, int) else int(port) if str(port).isdigit() else None
        if self._network.allows({name, *self._names.get(name, ())}, number):
            return
        known = sorted(self._names.get(name, ()))
        refusal = RefusedConnection(known[0] if known else name, number, *_place())
        if not self._forks.handed_back(refusal):
            self._told(refusal)
        raise refused(refusal)

    def _is_down(self, peer: str, part: str | None) -> bool:
        """Whether who asks is refused: by the whole server, by its part, or by any where nobody tells which."""
        parts = [one.removeprefix(f"{peer}/") for one in self.down if one.startswith(f"{peer}/")]
        return peer in self.down or part in parts or (part is None and bool(parts))

    def refuse_request(self, cassette: str, host: str, port: int, request: str) -> None:
        """A request that the world's cassette does not have.

        Raises: NetworkRefused: always.
        """
        refusal = RefusedConnection(host, port, *_place(), request, cassette)
        if not self._forks.handed_back(refusal):
            self._told(refusal)
        raise refused(refusal)

    def _is_here(self, name: str) -> bool:
        if name in _LOCAL_NAMES or name.endswith(".localhost") or name == self._own:
            return True
        address = _address(name)
        if address is None:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return bool(mapped.is_loopback or mapped.is_unspecified or self._own in self._names.get(name, ()))

    def _noted(self, host: Any, addresses: Iterator[str]) -> None:
        for address in addresses:
            self._names.setdefault(address, set()).add(_text(host))

    # -- what is replaced --------------------------------------------------------------------------------------------

    def _changes(self) -> Iterator[Change]:
        inner: Any = sys.modules["_socket"]
        for name, judged in self._methods(socket.socket).items():
            yield socket.socket, name, judged
        beneath = _Beneath("socket", (inner.socket,), self._methods(inner.socket))  # that of C takes no other methods
        for owner, name in ((inner, "socket"), (inner, "SocketType"), (socket, "SocketType")):
            yield owner, name, beneath
        for name in ("fork", "forkpty"):
            yield os, name, self._forks.noting(getattr(os, name))
        for owner in (inner, socket):
            yield owner, "getnameinfo", self._getnameinfo(inner.getnameinfo)
        yield inner, "getaddrinfo", self._getaddrinfo(inner.getaddrinfo)
        for name in _LOOKUPS:
            lookup = self._lookup(getattr(inner, name))
            yield inner, name, lookup
            yield socket, name, lookup
        yield subprocess.Popen, "__init__", self._popen(subprocess.Popen.__init__)
        yield os, "system", self._system(os.system)
        for name in ("posix_spawn", "posix_spawnp"):
            if hasattr(os, name):
                yield os, name, self._posix_spawn(getattr(os, name))

    def _methods(self, kind: Any) -> dict[str, Callable[..., Any]]:
        found = {
            "connect": self._connect(kind.connect),
            "connect_ex": self._connect_ex(kind.connect_ex),
            "sendto": self._sendto(kind.sendto),
        }
        return found | ({"sendmsg": self._sendmsg(kind.sendmsg)} if hasattr(kind, "sendmsg") else {})

    def _connect(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self_: socket.socket, address: Any, /) -> Any:
            self._peer(self_, address)
            return original(self_, address)

        return connect

    def _connect_ex(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def connect_ex(self_: socket.socket, address: Any, /) -> Any:
            try:
                self._peer(self_, address)
            except ConnectionRefusedError:
                return errno.ECONNREFUSED
            return original(self_, address)

        return connect_ex

    def _sendto(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def sendto(self_: socket.socket, data: Any, *rest: Any) -> Any:
            self._peer(self_, rest[-1] if rest else None)
            return original(self_, data, *rest)

        return sendto

    def _sendmsg(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def sendmsg(self_: socket.socket, buffers: Any, *rest: Any) -> Any:
            self._peer(self_, rest[2] if len(rest) > 2 else None)
            return original(self_, buffers, *rest)

        return sendmsg

    def _peer(self, sock: socket.socket, address: Any) -> None:
        if sock.family in _INTERNET and isinstance(address, tuple) and len(address) > 1:
            self.judge(address[0], address[1])

    def _getaddrinfo(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            if host is None or _address(_text(host)) is not None:
                return original(host, port, *args, **kwargs)  # nothing is looked up
            self.judge(host, port)
            found = original(host, port, *args, **kwargs)
            self._noted(host, (str(one[4][0]) for one in found))
            return found

        return getaddrinfo

    def _lookup(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def lookup(host: Any, /) -> Any:
            self.judge(host, None)
            found = original(host)
            self._noted(host, iter([found] if isinstance(found, str) else found[2]))
            return found

        return lookup

    def _getnameinfo(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def getnameinfo(address: Any, flags: int, /) -> Any:
            if not flags & socket.NI_NUMERICHOST:
                self.judge(address[0], None)
            return original(address, flags)

        return getnameinfo

    def _popen(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def popen(self_: Any, args: Any, *rest: Any, **kwargs: Any) -> None:
            if threading.get_ident() not in self._outside and len(rest) < _ENV_POSITION:
                kwargs["env"] = self.programs(kwargs.get("env"))
            original(self_, args, *rest, **kwargs)

        return popen

    def _system(self, original: Callable[..., int]) -> Callable[..., int]:
        def system(command: Any) -> int:
            if threading.get_ident() in self._outside:
                return original(command)
            given = self.programs(None)
            changed = {name: os.environ.get(name) for name in given if given[name] != os.environ.get(name)}
            os.environ.update({name: given[name] for name in changed})
            try:
                return original(command)
            finally:
                for name, value in changed.items():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value

        return system

    def _posix_spawn(self, original: Callable[..., int]) -> Callable[..., int]:
        def posix_spawn(path: Any, argv: Any, env: Any, /, **kwargs: Any) -> int:
            here = threading.get_ident() not in self._outside
            return original(path, argv, self.programs(env) if here else env, **kwargs)

        return posix_spawn

    def programs(self, environment: Mapping[Any, Any] | None) -> dict[Any, Any]:
        """The environment of a program that a task starts: a proxy that refuses all but what is allowed."""
        given = dict(os.environ if environment is None else environment)
        if self._allows_all():
            return given
        names = {*_PROXIES, *(name.upper() for name in _PROXIES)}
        found = {name: value for name, value in given.items() if name not in names}
        found |= dict.fromkeys(sorted(names), self._proxy_for(_Starter(copy_context(), *_place())))
        return found | dict.fromkeys(("no_proxy", "NO_PROXY"), self._without_proxy())

    def _proxy_for(self, starter: _Starter) -> str:
        """The URL of our proxy for one program; it is started for the first."""
        if self._proxy is None or self._proxy.pid != os.getpid():
            self._proxy = RefusingProxy(self._verdict)
        user = f"program{len(self._starters)}"
        self._starters[user] = starter
        return self._proxy.url(user)

    def _verdict(self, host: str, port: int, user: str) -> str | None:
        """Why a program may not reach a peer; None where it may. Called in a thread of the proxy."""
        name = _text(host)
        if self._is_here(name) or self._network.allows([name], port):
            return None
        last = next(reversed(self._starters.values()))  # some clients send no credentials
        starter = self._starters.get(user, last)
        refusal = RefusedConnection(name, port, starter.path, starter.line)
        if not self._forks.handed_back(refusal):
            self._of_programs.append((starter.context, refusal))
        return str(refused(refusal)).splitlines()[0]

    def _grpc(self) -> dict[str, str]:
        """Settings that gRPC reads for each channel, in C: its calls find no server, but those allowed."""
        return {} if self._allows_all() else {_GRPC: DEAD_PROXY, f"no_{_GRPC}": self._without_proxy(whatever_port=True)}

    def _allows_all(self) -> bool:
        return self._network.allows(["*"], None) or "*" in self._network.allow

    def _without_proxy(self, whatever_port: bool = False) -> str:
        """Hosts that are reached directly.

        Args:
            whatever_port: also those that are allowed on one port, and are not told apart. Otherwise these come through
                the proxy; so do ranges, which not every client reads here.
        """
        hosts = ["localhost", "127.0.0.1", "::1", self._own]
        for entry in self._network.allow:
            if "/" not in entry and (whatever_port or ":" not in entry):
                hosts.append(entry.partition(":")[0].removeprefix("*"))
        return ",".join(hosts)


@dataclass(frozen=True)
class _Starter:
    """Who started a program.

    Attributes:
        context: of the code that did.
        path, line: as of a `RefusedConnection`.
    """

    context: Context
    path: str
    line: int


class _Beneath(type):
    """Of what stands in for the class that ``socket.socket`` is made from: its objects are this one's too."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__base__ or object)


class _Forks:
    """What processes were refused that were forked off this one, handed back by a file that both hold."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._contexts: list[Context] = []
        self._number: int | None = None
        self._read = 0

    def noting(self, original: Callable[[], Any]) -> Callable[[], Any]:
        """``os.fork``, or ``os.forkpty``: whose child knows on whose behalf it asks."""

        def fork() -> Any:
            if self._file is None:
                self._file = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115 - as long as its processes live
            number = len(self._contexts)
            self._contexts.append(copy_context())
            found = original()
            if (found[0] if isinstance(found, tuple) else found) == 0 and self._number is None:
                self._number = number
            return found

        return fork

    def handed_back(self, refusal: RefusedConnection) -> bool:
        """Hand a refusal to the process that forked this one; False in that process itself."""
        if self._number is None or self._file is None:
            return False
        self._file.write((json.dumps([self._number, *astuple(refusal)]) + "\n").encode())
        return True

    def heard(self) -> Iterator[tuple[Context, RefusedConnection]]:
        """What has come since, each with the context of the code that forked."""
        if self._file is None or self._number is not None:
            return
        size = os.fstat(self._file.fileno()).st_size
        told = os.pread(self._file.fileno(), size - self._read, self._read) if size > self._read else b""
        whole = told[: told.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            number, *parts = json.loads(line)
            yield self._contexts[number], RefusedConnection(*parts)


_ENV_POSITION = 10
"""Of ``env`` among the arguments of ``Popen`` after the command, where somebody gives it by position."""


def refused(refusal: RefusedConnection) -> NetworkRefused:
    """The exception that user code sees."""
    where = f"{refusal.path}:{refusal.line}" if refusal.path else None
    return NetworkRefused(f"{refusal.fact}, and no task may leave it", where=where, fix=refusal.fix)


RECORDING = "record it once, by the same command with --record"


def allowing(peer: str) -> str:
    """How to let it through."""
    return f'network: {{allow: ["{peer}"]}} in the world file, or --network {peer}'


def _place() -> tuple[str, int]:
    """File and line of the innermost frame of the user's."""
    frame = sys._getframe(2)
    while frame is not None:
        if is_users_frame(frame):
            return frame.f_code.co_filename, frame.f_lineno
        if frame.f_back is None:
            break
        frame = frame.f_back
    return "", 0


def _text(host: Any) -> str:
    text = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host or "")
    return text.lower().rstrip(".").partition("%")[0]


def _address(name: str) -> Any:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
