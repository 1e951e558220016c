"""What tasks may connect to beside this machine itself: ``network: {allow: […], cassette: {…}}`` of a world."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from harness.errors import WorldError
from harness.world.problem import EntryError, WorldProblem, kind

FORM = 'write network: {allow: [api.example.com, "db.example.com:5432", "*.example.com", 10.1.0.0/16]}'
CASSETTE = "write cassette: {file: fixtures/shop.cassette.yaml, hosts: [api.example.com]}"
EVERYTHING = "*"
_NAME = re.compile(r"(\*\.)?[\w-]+(\.[\w-]+)*\.?", re.ASCII)


@dataclass(frozen=True)
class Cassette:
    """HTTP that is answered from a file, recorded once.

    Attributes:
        file: relative to where the command runs.
        hosts: those it answers for, as in `Network.allow`.
        record: requests that it does not have go out, and are kept.
    """

    file: Path
    hosts: tuple[str, ...]
    record: bool = False

    def is_about(self, host: str, port: int | None) -> bool:
        """Whether a host's requests are its to answer."""
        return any(_read(entry).matches(host.lower().rstrip("."), port) for entry in self.hosts)


@dataclass(frozen=True)
class Network:
    """What may be reached.

    Attributes:
        allow: hosts, ``host:port``, ``*.domain``, addresses and CIDR ranges; ``*`` is everything.
        cassette: what answers for other hosts.
    """

    allow: tuple[str, ...] = ()
    cassette: Cassette | None = None

    def recording(self) -> Network:
        """The same, whose cassette records. Raises: WorldError: there is none."""
        if self.cassette is None:
            raise WorldError("there is no cassette to record to", fix=f"in the world file's network section {CASSETTE}")
        return replace(self, cassette=replace(self.cassette, record=True))

    def with_layer(self, layer: Network) -> Network:
        """The same with what a layer over it says: its hosts too, and its cassette, which records where ours does."""
        cassette = layer.cassette or self.cassette
        if cassette is not None and self.cassette is not None and self.cassette.record:
            cassette = replace(cassette, record=True)
        return replace(self.with_more(layer.allow), cassette=cassette)

    def reached(self) -> Network:
        """What connections are made to: while a cassette records, its hosts too."""
        if self.cassette is None or not self.cassette.record:
            return self
        return self.with_more(self.cassette.hosts)

    def with_more(self, allow: Iterable[str]) -> Network:
        """The same and more. Raises: EntryError: what names no host."""
        more = tuple(allow)
        for entry in more:
            _read(entry)
        return replace(self, allow=tuple(dict.fromkeys([*self.allow, *more])))

    def allows(self, names: Iterable[str], port: int | None) -> bool:
        """Whether one of the names and addresses of a peer may be reached.

        Args:
            port: None for looking up its address alone.
        """
        rules = [_read(entry) for entry in self.allow]
        return any(rule.matches(name.lower().rstrip("."), port) for name in names for rule in rules)


@dataclass(frozen=True)
class _Rule:
    pattern: str
    port: int | None

    def matches(self, name: str, port: int | None) -> bool:
        if self.port is not None and port is not None and self.port != port:
            return False
        if self.pattern in (EVERYTHING, name):
            return True
        if "/" not in self.pattern:
            return fnmatchcase(name, self.pattern)
        try:
            return ipaddress.ip_address(name.partition("%")[0]) in ipaddress.ip_network(self.pattern, strict=False)
        except ValueError:
            return False


def read_network(value: object) -> Network:
    """The section from a mapping.

    Raises: EntryError: with every fault found in it.
    """
    if not isinstance(value, dict):
        raise EntryError(WorldProblem(f"must be a mapping with the key allow, not {kind(value)}", fix=FORM))
    known = ("allow", "cassette")
    problems = [
        WorldProblem(f"unknown key {key!r}", (str(key),), known=", ".join(known)) for key in value if key not in known
    ]
    allow = _hosts(value.get("allow"), "allow", ("allow",), problems, FORM)
    cassette = None
    if value.get("cassette") is not None:
        cassette = _read_cassette(value["cassette"], problems)
    if problems:
        raise EntryError(*problems)
    return Network(allow, cassette)


def _hosts(entries: object, key: str, at: tuple[str, ...], problems: list[WorldProblem], form: str) -> tuple[str, ...]:
    """A list of hosts; ``problems`` takes the faults found in it, as of the key ``at``."""
    entries = [entries] if isinstance(entries, str) else [] if entries is None else entries
    if not isinstance(entries, list):
        problems.append(WorldProblem(f"{key} must be a list of hosts, not {kind(entries)}", at, fix=form))
        return ()
    for entry in entries:
        try:
            _read(entry)
        except EntryError as invalid:
            problems += [WorldProblem(one.fact, at, fix=form) for one in invalid.problems]
    return tuple(entries)


def _read_cassette(value: object, problems: list[WorldProblem]) -> Cassette | None:
    """The entry from a mapping; ``problems`` takes the faults found in it."""
    at = ("cassette",)
    if not isinstance(value, dict):
        problems.append(
            WorldProblem(f"cassette must be a mapping with file and hosts, not {kind(value)}", at, fix=CASSETTE)
        )
        return None
    for key in value:
        if key not in ("file", "hosts"):
            problems.append(WorldProblem(f"unknown key {key!r} of cassette", at, known="file, hosts"))
    file = value.get("file")
    if not isinstance(file, str) or not file.strip() or "\0" in file:
        problems.append(WorldProblem(f"the file of cassette must be a path, not {kind(file)}", at, fix=CASSETTE))
        return None
    hosts = _hosts(value.get("hosts"), "hosts", at, problems, CASSETTE)
    if not hosts:
        problems.append(WorldProblem("cassette names no hosts", at, fix=CASSETTE))
    return Cassette(Path(file), hosts)


def _read(entry: object) -> _Rule:
    """One entry: a host, an address or a range, with a port or without."""
    if not isinstance(entry, str):
        raise EntryError(WorldProblem(f"a host must be text, not {kind(entry)}", fix="put it in quotes"))
    text = entry.strip().lower()
    host, port = _split(text)
    if host != EVERYTHING and not _NAME.fullmatch(host) and not _is_range(host):
        raise EntryError(WorldProblem(f"{entry!r} names no host", fix=FORM))
    if port is not None and not (port.isdigit() and 0 < int(port) < 65536):
        raise EntryError(WorldProblem(f"{entry!r} names no port", fix=FORM))
    return _Rule(host.rstrip("."), None if port is None else int(port))


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest[1:] if rest.startswith(":") else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _is_range(host: str) -> bool:
    try:
        ipaddress.ip_network(host, strict=False)
    except ValueError:
        return False
    return True
