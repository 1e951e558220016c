"""What tasks may connect to beside this machine itself: ``network: {allow: […]}`` of a world."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness.world.problem import EntryError, WorldProblem, kind

FORM = 'write network: {allow: [api.example.com, "db.example.com:5432", "*.example.com", 10.1.0.0/16]}'
EVERYTHING = "*"
_NAME = re.compile(r"(\*\.)?[\w-]+(\.[\w-]+)*\.?", re.ASCII)


@dataclass(frozen=True)
class Network:
    """What may be reached.

    Attributes:
        allow: hosts, ``host:port``, ``*.domain``, addresses and CIDR ranges; ``*`` is everything.
    """

    allow: tuple[str, ...] = ()

    def with_more(self, allow: Iterable[str]) -> Network:
        """The same and more. Raises: EntryError: what names no host."""
        more = tuple(allow)
        for entry in more:
            _read(entry)
        return Network(tuple(dict.fromkeys([*self.allow, *more])))

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
    problems = [WorldProblem(f"unknown key {key!r}", (str(key),), known="allow") for key in value if key != "allow"]
    entries = value.get("allow")
    entries = [entries] if isinstance(entries, str) else [] if entries is None else entries
    if not isinstance(entries, list):
        problems.append(WorldProblem(f"allow must be a list of hosts, not {kind(entries)}", ("allow",), fix=FORM))
        entries = []
    for entry in entries:
        try:
            _read(entry)
        except EntryError as invalid:
            problems += [WorldProblem(one.fact, ("allow",), fix=one.fix) for one in invalid.problems]
    if problems:
        raise EntryError(*problems)
    return Network(tuple(entries))


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
