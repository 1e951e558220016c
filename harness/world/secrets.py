"""The secrets of a world, and text without them, in whatever form they come: encoded, quoted, line by line.

What counts as a secret is Airflow's rule: passwords of connections, what a sensitive name says of a variable, of a
connection's extra, of a variable of the environment.

Source: ``secrets_masker.DEFAULT_SENSITIVE_FIELDS``, ``SecretsMasker.add_mask``, ``_mask_connection_secrets`` (3.3.2).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus

from harness.errors import WorldError
from harness.project.sensitive import is_sensitive
from harness.world.entries import Connection
from harness.world.model import World

LEAST = 5
"""Characters of a secret that is masked: Airflow's ``[logging] min_length_masked_secret``."""
LEAST_OF_ENVIRONMENT = 8
"""The same of the machine's own environment, where ``TOKENIZERS_PARALLELISM=false`` is none."""
COMMON = frozenset({"airflow"})
MASK = "***"
REMNANT = 4
"""Characters of a secret's beginning or end that are masked where a text was shortened next to them."""
_NESTED = 3
"""How often a secret may have been written as a literal within another."""
_SHORTENED = re.compile(r"\.\.\.|…")


def secrets_of(world: World, environment: Mapping[str, str] | None = None) -> set[str]:
    """The secrets of a world and of an environment, as they are."""
    found: list[str] = []
    for connection in world.connections.values():
        found += connection_secrets(connection)
    for key, value in {**world.variables, **world.env}.items():
        found += value_secrets(value, key)
    for name, value in (environment or {}).items():
        if name.startswith("AIRFLOW_CONN_"):
            found += _of_text(value)
        elif is_sensitive(name) and len(value) >= LEAST_OF_ENVIRONMENT and not value.startswith("/"):
            found.append(value)
    return {secret for secret in found if len(secret) >= LEAST and secret.lower() not in COMMON}


def connection_secrets(connection: Connection) -> Iterator[str]:
    """The secrets of a connection: its password, what a header says of it, what is sensitive in its extra."""
    if connection.password:
        yield connection.password
        yield basic_auth(connection.login, connection.password)
    if connection.extra:
        with suppress(ValueError):
            yield from value_secrets(json.loads(connection.extra), "")


def _of_text(text: str) -> Iterator[str]:
    """A connection as a variable of the environment holds it."""
    with suppress(ValueError, WorldError):
        if text.lstrip().startswith("{"):
            fields = json.loads(text)
            extra = fields.get("extra")
            extra_text = extra if isinstance(extra, str) or extra is None else json.dumps(extra)
            yield from connection_secrets(
                Connection(login=fields.get("login"), password=fields.get("password"), extra=extra_text)
            )
        else:
            yield from connection_secrets(Connection.from_uri(text))


def value_secrets(value: Any, name: str) -> Iterator[str]:
    """What is secret in a value, by its name and by the names within."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from value_secrets(one, str(key) if not is_sensitive(name) else name)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from value_secrets(one, name)
    elif isinstance(value, str):
        if is_sensitive(name):
            yield value
        if value.lstrip()[:1] in ("{", "["):
            with suppress(ValueError):
                yield from value_secrets(json.loads(value), name)


def basic_auth(login: str | None, password: str) -> str:
    """What an ``Authorization: Basic`` header says."""
    return base64.b64encode(f"{login or ''}:{password}".encode()).decode()


def _written(text: str) -> set[str]:
    """A text as Python and JSON write it, and as they write that again: JSON in JSON, its ``repr`` in a log."""
    found = {text}
    for _ in range(_NESTED):
        found |= {form for one in found for form in (repr(one)[1:-1], _json(one), _json(one, ensure_ascii=False))}
    return found


def _json(text: str, ensure_ascii: bool = True) -> str:
    return json.dumps(text, ensure_ascii=ensure_ascii)[1:-1]


def forms_of(secret: str) -> set[str]:
    """A secret as it is, percent-encoded, in base64, as Python and JSON write it, and each of its lines so."""
    found = {secret, secret.strip()}
    for part in [secret, *secret.splitlines()]:
        line = part.strip()
        if part != secret and (line.startswith("-----") or len(line) < LEAST_OF_ENVIRONMENT):
            continue
        encoded = quote(line, safe="")
        found |= {line, quote(line), encoded, quote_plus(line), quote(encoded)}  # an URL's password, in an URL
        found |= _written(part)
        with suppress(UnicodeEncodeError):
            found |= {base64.b64encode(part.encode()).decode(), *_within_base64(part), *_within_base64(encoded)}
    return {form for form in found if len(form) >= LEAST}


def _within_base64(text: str) -> Iterator[str]:
    """What a text is in the base64 of a longer one, as of an URL or a header: three bytes are four letters, so there
    are three ways to begin. Letters that it shares with its neighbours are left out."""
    data = text.encode()
    for before in range(3):
        whole = (before + len(data)) * 8 // 6
        letters = base64.b64encode(bytes(before) + data).decode()[-(-before * 8 // 6) : whole]
        if len(letters) >= LEAST_OF_ENVIRONMENT:
            yield from (letters, letters.replace("+", "-").replace("/", "_"))


class Mask:
    """Takes secrets out of texts and of JSON values."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = sorted({form for secret in secrets for form in forms_of(secret)}, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None
        self._long = [form for form in forms if len(form) > REMNANT]

    def text(self, text: str) -> str:
        """The text with each secret replaced."""
        if self._pattern is None:
            return text
        return self._without_remnants(self._pattern.sub(MASK, text))

    def _without_remnants(self, text: str) -> str:
        """The same of what is left of a secret where others shortened before us, as pytest's ``'bad s3cr...w%C3'``."""
        cuts = [match.span() for match in _SHORTENED.finditer(text)]
        for start, end in reversed(cuts):  # from the end: what was replaced moves nothing that is still to come
            after = max((_ends(form, text[end : end + len(form)]) for form in self._long), default=0)
            text = text[:end] + (MASK if after else "") + text[end + after :]
            before = max((_begins(form, text[max(0, start - len(form)) : start]) for form in self._long), default=0)
            text = text[: start - before] + (MASK if before else "") + text[start:]
        return text

    def value(self, value: Any, besides: frozenset[str] = frozenset()) -> Any:
        """A JSON value with each of its texts masked; keys stay, and so do the values of the keys ``besides``."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: one if key in besides else self.value(one, besides) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.value(one, besides) for one in value)
        return value


def _begins(form: str, before: str) -> int:
    """Characters at the end of a text with which a form begins: `REMNANT` or more, else 0."""
    at = before.find(form[:REMNANT])
    while at >= 0:
        if form.startswith(before[at:]):
            return len(before) - at
        at = before.find(form[:REMNANT], at + 1)
    return 0


def _ends(form: str, after: str) -> int:
    """Characters at the beginning of a text with which a form ends: `REMNANT` or more, else 0."""
    at = after.rfind(form[-REMNANT:])
    while at >= 0:
        if form.endswith(after[: at + REMNANT]):
            return at + REMNANT
        at = after.rfind(form[-REMNANT:], 0, at + REMNANT - 1)
    return 0
