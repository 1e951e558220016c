"""A Redis of one connection, as a test or a run has it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from harness.errors import ServiceUnavailable
from harness.services.base import Address, Lease
from harness.services.connections import ListeningServer
from harness.services.contents import Contents


@dataclass(frozen=True)
class RedisEndpoint:
    """Where a Redis answers."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    db: int = 0


class RedisLease(Lease):
    """A Redis.

    Args:
        close: what to do with it at the end; None for a server of the user's, which keeps all but the keys that came.
        server: of this process, which can be made to refuse; None of any other.
    Attributes:
        url: ``redis://user:password@host:port/db``.
        host, port, db: its parts.
    Raises: ServiceUnavailable: it does not answer.
    """

    def __init__(
        self,
        conn_id: str,
        endpoint: RedisEndpoint,
        close: Callable[[], None] | None = None,
        server: ListeningServer | None = None,
    ) -> None:
        self.breakable = server
        self.conn_id, self._endpoint, self._close = conn_id, endpoint, close
        self.host, self.port, self.db = endpoint.host, endpoint.port, endpoint.db
        self.url = _url(endpoint)
        self.address = Address(_fields(endpoint), _peers(endpoint))
        self._clients: list[Any] = []
        self._ended = False
        self._former = set(self._see_keys()) if close is None else set()

    def client(self, **options: Any) -> Any:
        """A client of redis-py that gives texts; ``options`` are its own. It is closed after the test."""
        import redis

        made = redis.Redis.from_url(self.url, **{"decode_responses": True, **options})
        self._clients.append(made)
        return made

    def keys(self, pattern: str = "*") -> list[str]:
        """The keys that a pattern of Redis's matches, sorted."""
        with self._connected(decode_responses=True) as client:
            return sorted(client.scan_iter(match=pattern))

    def get(self, key: str) -> str | None:
        """The text of a key; None where there is none."""
        with self._connected(decode_responses=True) as client:
            value: str | None = client.get(key)
            return value

    def set(self, key: str, value: str | int | float | bytes) -> None:
        """Write a key's text."""
        with self._connected() as client:
            client.set(key, value)

    @property
    def peer(self) -> str:
        """Where it answers."""
        return _peer(self._endpoint)

    def cut(self) -> None:
        """Break every connection to it; those to a server of the user's are not ours to break."""
        if self.breakable is not None:
            super().cut()
        elif self._close is not None:
            with self._connected() as client:
                client.client_kill_filter(_type="normal", skipme=True)

    def snapshot(self) -> Contents:
        """Every key of the database, with a digest of what it holds: values may be large."""
        found: dict[Hashable, Hashable] = {}
        with self._connected() as client:
            for key in client.scan_iter():
                kind = client.type(key)
                found[key.decode(errors="replace")] = _digest(kind, _value(client, key, kind))
        return Contents("database", "key", {str(self.db): found})

    def end(self) -> None:
        """Close it, and what `client` opened; on a server of the user's, the keys that came since go."""
        if self._ended:
            return
        self._ended = True
        for client in self._clients:
            client.close()
        if self._close is not None:
            self._close()
            return
        with self._connected() as client:
            came = set(client.scan_iter()) - self._former
            if came:
                client.delete(*came)

    def _connected(self, **options: Any) -> Any:
        import redis

        return redis.Redis.from_url(self.url, socket_connect_timeout=5, **options)

    def _see_keys(self) -> list[bytes]:
        import redis

        try:
            with self._connected() as client:
                return list(client.scan_iter())
        except redis.RedisError as error:
            raise ServiceUnavailable(
                f"connection {self.conn_id!r}: the Redis at {self.host}:{self.port} refuses: {error}",
                fix="correct its URL, or start it",
            ) from None

    def __repr__(self) -> str:
        return f"<Redis at {self.host}:{self.port}/{self.db}>"


_READS: dict[bytes, Callable[[Any, bytes], Any]] = {
    b"string": lambda client, key: client.get(key),
    b"hash": lambda client, key: sorted(client.hgetall(key).items()),
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"set": lambda client, key: sorted(client.smembers(key)),
    b"zset": lambda client, key: client.zrange(key, 0, -1, withscores=True),
    b"stream": lambda client, key: client.xrange(key),
}
"""How each kind of value is read whole. Not by DUMP: its bytes depend on the server's version and on history."""


def _value(client: Any, key: bytes, kind: bytes) -> Any:
    read = _READS.get(kind)
    return client.dump(key) if read is None else read(client, key)


def _digest(kind: bytes, value: Any) -> str:
    return hashlib.sha256(repr((kind, value)).encode()).hexdigest()


def _url(endpoint: RedisEndpoint) -> str:
    login = f"{quote(endpoint.user, safe='')}:{quote(endpoint.password, safe='')}@" if endpoint.password else ""
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"redis://{login}{host}:{endpoint.port}/{endpoint.db}"


def _fields(endpoint: RedisEndpoint) -> dict[str, str | int | None]:
    """Source: airflow/providers/redis/hooks/redis.py `get_conn`: the database is in the extra."""
    return {
        "conn_type": "redis",
        "host": endpoint.host,
        "port": endpoint.port,
        "login": endpoint.user or None,
        "password": endpoint.password or None,
        "extra": f'{{"db": {endpoint.db}}}',
    }


def _peers(endpoint: RedisEndpoint) -> tuple[str, ...]:
    return () if endpoint.host == "127.0.0.1" else (_peer(endpoint),)


def _peer(endpoint: RedisEndpoint) -> str:
    return f"[{endpoint.host}]:{endpoint.port}" if ":" in endpoint.host else f"{endpoint.host}:{endpoint.port}"
