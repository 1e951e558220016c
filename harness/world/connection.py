"""A connection and the reading of its URI, as Airflow's ``Connection`` does both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from harness.errors import WorldError
from harness.project.exports import normal_type

EXTRA_KEY = "__extra__"
_URI_FIX = "write conn_type://login:password@host:port/schema?key=value, special characters percent-encoded"


@dataclass(frozen=True)
class Connection:
    """One connection. ``extra`` is JSON text.

    ``service`` names a service that gives the address at run time; ``settings`` are further keys of its entry, which
    the service knows. ``is_served`` says that a service has given it.
    """

    conn_type: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    schema: str | None = None
    port: int | None = None
    extra: str | None = field(default=None, repr=False)
    description: str | None = None
    service: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict, hash=False, repr=False)
    is_served: bool = field(default=False, compare=False, repr=False)

    @classmethod
    def from_uri(cls, uri: str, description: str | None = None) -> Connection:
        """Read a connection URI.

        Args:
            uri: ``conn_type://login:password@host:port/schema?extra``, parts percent-encoded.
            description: free text beside it.
        Raises: WorldError: no ``conn_type://``, an impossible port or host, or an extra that is no JSON object.
        Source: airflow/sdk/definitions/connection.py ``Connection.from_uri`` (3.3.2), which keeps the values of the
            query as text; the copy in airflow/models/connection.py reads JSON in them.
        """
        try:
            scheme, protocol, parts = _split(uri)
            port = parts.port
            host = _hostname(parts)
        except ValueError as error:
            # The text of urllib's error may quote the password: only its kind is shown.
            raise WorldError(f"a connection URI cannot be read ({type(error).__name__})", fix=_URI_FIX) from None
        return cls(
            conn_type=normal_type(scheme),
            host=f"{protocol}://{host}" if protocol and host else host,
            login=unquote(parts.username) if parts.username else parts.username,
            password=unquote(parts.password) if parts.password else parts.password,
            schema=unquote(parts.path[1:]),
            port=port,
            extra=_extra(parts.query),
            description=description,
        )


def extra_text(value: object) -> str | None:
    """The ``extra`` of a connection as JSON text.

    Args:
        value: a mapping, JSON text of one, or None.
    Raises: ValueError: anything else.
    """
    if value is None or value == "":
        return None
    try:
        text = value if isinstance(value, str) else json.dumps(value)
        parsed = json.loads(text)
    except (TypeError, ValueError):
        raise ValueError("extra is not JSON") from None
    if not isinstance(parsed, dict):
        raise ValueError("extra must be a mapping, or JSON text of one")
    return text


def _split(uri: str) -> tuple[str, str | None, SplitResult]:
    """Scheme, protocol inside the host (``http`` in ``api://http://host``) if any, and the rest in parts."""
    schemes = uri.count("://")
    scheme = urlsplit(uri).scheme
    if not scheme or schemes not in (1, 2):
        raise ValueError("scheme")
    nested = schemes == 2
    rest = uri.replace(f"{scheme}://", "" if nested else "//")
    before = rest.split("://", 1)[0]
    if nested and ("@" in before or ":" in before):
        raise ValueError("protocol")
    parts = urlsplit(rest)
    return scheme, parts.scheme if nested else None, parts


def _hostname(parts: SplitResult) -> str:
    """Host, decoded; in its own case when it holds an encoded ``/`` (a path as host)."""
    host = unquote(parts.hostname or "")
    if "/" not in host:
        return host
    return unquote(parts.netloc.rsplit("@", 1)[-1].split(":", 1)[0])


def _extra(query: str) -> str | None:
    if not query:
        return None
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    if EXTRA_KEY not in pairs:
        return json.dumps(pairs)
    try:
        return extra_text(pairs[EXTRA_KEY])
    except ValueError as error:
        raise WorldError(f"{EXTRA_KEY} of a connection URI: {error}", fix="encode a JSON object in it") from None
