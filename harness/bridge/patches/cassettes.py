"""HTTP of tasks that is recorded once and played back from then on, by cassettes of vcrpy.

What a world's cassette has of its hosts is answered from the file, and no connection is made. A request that it does
not have is refused as a host outside the world is, or with ``--record`` goes out and is kept. What is secret, in the
world or by its name, is taken out before anything is kept; requests are compared without it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from harness.errors import ServiceUnavailable, WorldError
from harness.project.sensitive import is_sensitive
from harness.world.network import Cassette
from harness.world.secrets import MASK, Mask

_SECRET_HEADERS = re.compile(r"cookie|authori[sz]ation|signature|api-?key|x-ms-.*key", re.IGNORECASE)
_MATCHED = ("method", "scheme", "host", "port", "path", "query")
_DEFAULT_PORTS = {"http": 80, "https": 443}

Refuse = Callable[[str, int, str], None]
"""Raises for a request that is not in the cassette: host, port, ``GET https://…``."""


@contextmanager
def cassette_played(cassette: Cassette, mask: Mask, refuse: Refuse) -> Iterator[list[str]]:
    """HTTP clients of the block are answered from a cassette; what was recorded is written at its end.

    Args:
        mask: of the world's secrets.
        refuse: called for a request that it does not have; raises.
    Returns: what was asked of it so far, one line a request.
    Raises: ServiceUnavailable: vcrpy is not installed. WorldError: the file cannot be read.
    """
    if find_spec("vcr") is None:
        raise ServiceUnavailable(
            f"the cassette {cassette.file} needs vcrpy, which is not installed",
            fix='pip install "airflow-harness[cassettes]"',
        )
    from vcr import VCR
    from vcr.cassette import Cassette as Recording
    from vcr.cassette import CassetteContextDecorator

    scrub, asked = _Scrub(cassette, mask), list[str]()

    class Played(Recording):  # type: ignore[misc, unused-ignore]
        """Refuses what it does not have before the client goes on to connect."""

        def can_play_response_for(self, request: Any) -> bool:
            has = bool(super().can_play_response_for(request))
            if not has and not cassette.record and (kept := self.filter_request(request)):
                parts = urlsplit(kept.uri)
                port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
                refuse(parts.hostname or "", port, f"{kept.method} {kept.uri}")
            return has

        def play_response(self, request: Any) -> Any:
            asked.append(_line(self.filter_request(request)))
            return super().play_response(request)

        def append(self, request: Any, response: Any) -> None:
            known = len(self)
            super().append(request, response)
            asked.extend(_line(one) for one in self.requests[known:])

    matchers = VCR().matchers
    settings = {
        "path": str(cassette.file),
        "persister": _File,
        "record_mode": _mode(cassette.record),
        "match_on": (*(matchers[name] for name in _MATCHED), _body),
        "before_record_request": scrub.request,
        "before_record_response": scrub.response,
    }
    with _quiet(), CassetteContextDecorator.from_args(Played, **settings):
        asked.clear()  # what was loaded came by `append` too
        yield asked


@contextmanager
def _quiet() -> Iterator[None]:
    """No log lines of vcrpy among a task's: they show requests as they are, with their secrets."""
    logger = logging.getLogger("vcr")
    former = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(former)


def _mode(record: bool) -> Any:
    from vcr.record_mode import RecordMode

    return RecordMode.NEW_EPISODES if record else RecordMode.NONE


def _line(request: Any) -> str:
    return f"{request.method} {request.uri}"


class _File:
    """Where a cassette is kept (a persister of vcrpy)."""

    @classmethod
    def load_cassette(cls, path: str, serializer: Any) -> Any:
        from vcr.persisters.filesystem import CassetteNotFoundError, FilesystemPersister

        try:
            return FilesystemPersister.load_cassette(path, serializer)
        except CassetteNotFoundError:
            raise
        except Exception as error:  # whatever YAML and vcrpy make of it
            said = " ".join(str(error).split())
            raise WorldError(
                f"the cassette {path} cannot be read: {said or type(error).__name__}",
                where=f"{path}:1",
                fix="put it back as it was recorded, or remove it and record it again with --record",
            ) from None

    @staticmethod
    def save_cassette(path: str, recorded: Any, serializer: Any) -> None:
        from vcr.serialize import serialize

        text, file = serialize(recorded, serializer), Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Beside it and then moved: Ctrl-C while it is written leaves what was recorded before.
        new = file.with_name(f".{file.name}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)


class _Scrub:
    """What of requests and answers is kept: those of the cassette's hosts, without secrets."""

    def __init__(self, cassette: Cassette, mask: Mask) -> None:
        self._cassette, self._mask = cassette, mask
        self._found: set[str] = set()

    def request(self, request: Any) -> Any:
        """As it is kept and compared; None for one that the cassette has nothing to do with."""
        from vcr.request import Request

        parts = urlsplit(request.uri)
        if not self._cassette.is_about(parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)):
            return None
        query = "&".join(self._pair(pair) for pair in parts.query.split("&")) if parts.query else ""
        netloc = parts.netloc.rpartition("@")[2]
        body = request.body_bytes if hasattr(request, "body_bytes") else request.body
        # Its own alone: what is kept of a request, by which it is found again, hangs on no other that came before.
        own = _secrets_of(parts, dict(request.headers), body)
        self._found |= own
        uri = _without(own, self._mask.text(urlunsplit((parts.scheme, netloc, parts.path, query, ""))))
        headers = {name: _without(own, self._header(name, value)) for name, value in dict(request.headers).items()}
        return Request(request.method, uri, _without(own, self._body(body)), headers)

    def response(self, response: dict[str, Any]) -> dict[str, Any]:
        """As it is kept: not compressed."""
        from vcr.filters import decode_response

        kept: dict[str, Any] = decode_response(response)
        before = kept["body"].get("string")
        after = _without(self._found, self._body(before))
        headers = {name: _without(self._found, self._header(name, value)) for name, value in kept["headers"].items()}
        if after != before and after is not None:
            sizes = {name: [str(len(after))] for name in headers if name.lower() == "content-length"}
            headers |= sizes
        return {**kept, "headers": headers, "body": {**kept["body"], "string": after}}

    def _pair(self, pair: str) -> str:
        name, equals, _ = pair.partition("=")
        return f"{name}={quote(MASK)}" if equals and is_sensitive(name) else pair

    def _header(self, name: str, value: Any) -> Any:
        if _SECRET_HEADERS.search(name) or is_sensitive(name):
            return [MASK] if isinstance(value, (list, tuple)) else MASK
        if isinstance(value, (list, tuple)):
            return [self._mask.text(_text(one)) for one in value]
        return self._mask.text(_text(value))

    def _body(self, body: Any) -> Any:
        """Text and JSON without secrets; what is no text stays."""
        if not body:
            return body
        if not isinstance(body, (str, bytes, bytearray)):  # aiohttp's is what it was given: data, or a form
            try:
                body = json.dumps(body).encode()
            except (TypeError, ValueError):
                return type(body).__name__.encode()
        try:
            text = body if isinstance(body, str) else bytes(body).decode()
        except UnicodeDecodeError:
            return body
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if isinstance(value, (dict, list)):
            hidden = _hidden(value)
            text = text if hidden == value else json.dumps(hidden)
        elif _FORM.fullmatch(text):
            pairs = parse_qsl(text, keep_blank_values=True)
            if any(is_sensitive(name) for name, _ in pairs):
                text = urlencode([(name, MASK if is_sensitive(name) else one) for name, one in pairs])
        text = self._mask.text(text)
        return text if isinstance(body, str) else text.encode()


_FORM = re.compile(r"[\w.%+*-]+=[^\s&]*(?:&[\w.%+*-]+=[^\s&]*)*")


_LEAST = 6
"""Characters of a secret that is looked for elsewhere: shorter ones stand in other texts by chance."""


def _secrets_of(parts: Any, headers: Mapping[str, Any], body: Any) -> set[str]:
    """What a request says under names of secrets, and as they stand in an URL: an answer may repeat it."""
    found = {parts.password or ""}
    found |= {value for name, value in parse_qsl(parts.query) if is_sensitive(name)}
    for name, value in headers.items():
        if "cookie" not in name.lower() and (_SECRET_HEADERS.search(name) or is_sensitive(name)):
            words = _text(value[0] if isinstance(value, (list, tuple)) and value else value).split()
            found |= set(words[-1:]) if len(words) < 3 else set()  # "Bearer …", and no signature in many parts
    try:
        text = body if isinstance(body, str) else bytes(body or b"").decode()
        value = json.loads(text) if text[:1] in ("{", "[") else dict(parse_qsl(text))
    except (TypeError, ValueError):
        value = body if isinstance(body, (dict, list)) else None
    found |= set(_sensitive(value))
    kept = {one for one in found if len(one) >= _LEAST}
    return kept | {quote(one, safe="") for one in kept}


def _sensitive(value: Any) -> Iterator[str]:
    """Texts below sensitive names of JSON."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from [one] if is_sensitive(str(key)) and isinstance(one, str) else _sensitive(one)
    elif isinstance(value, list):
        for one in value:
            yield from _sensitive(one)


def _without(secrets: Iterable[str], kept: Any) -> Any:
    """A text, some bytes, or a header's values, with ``***`` for each of them."""
    if isinstance(kept, (list, tuple)):
        return [_without(secrets, one) for one in kept]
    for secret in sorted(secrets, key=len, reverse=True):
        if isinstance(kept, str):
            kept = kept.replace(secret, MASK)
        elif isinstance(kept, bytes):
            kept = kept.replace(secret.encode(), MASK.encode())
    return kept


def _hidden(value: Any) -> Any:
    """JSON without what sensitive names hold."""
    if isinstance(value, dict):
        return {
            key: MASK if is_sensitive(str(key)) and isinstance(one, (str, int)) and one else _hidden(one)
            for key, one in value.items()
        }
    return [_hidden(one) for one in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


_BOUNDARY = re.compile(r"boundary=\"?([^\";,\s]+)")


def _body(one: Any, other: Any) -> None:
    """Raises AssertionError where two requests send other things: JSON by its values, a form by its fields."""
    if _comparable(one) != _comparable(other):
        raise AssertionError("another body")


def _comparable(request: Any) -> Any:
    body = request.body_bytes if hasattr(request, "body_bytes") else request.body
    body = bytes(body) if isinstance(body, (bytes, bytearray)) else str(body or "").encode()
    kind = next((_text(value) for name, value in dict(request.headers).items() if name.lower() == "content-type"), "")
    if found := _BOUNDARY.search(kind):  # drawn anew for each request
        return body.replace(found[1].encode(), b"boundary")
    try:
        return json.loads(body)
    except ValueError:
        pass
    text = body.decode("latin-1")
    return sorted(parse_qsl(text, keep_blank_values=True)) if "form-urlencoded" in kind else text
