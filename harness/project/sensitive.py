"""What counts as a secret: by the name it is given to, and by the form of a text.

Source: ``secrets_masker.DEFAULT_SENSITIVE_FIELDS`` (3.3.2) for the names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

SENSITIVE = (
    *("access_key", "access_token", "api_key", "apikey", "auth_header", "authorization", "bearer"),
    *("connection_string", "dsn", "passphrase", "passwd", "password", "private_key", "proxy", "proxies", "secret"),
    *("service_account", "service_key", "token", "keyfile_dict", "webhook_url"),
)
FORMS: dict[str, re.Pattern[str]] = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\bgh[pousr]_[0-9A-Za-z]{36,}\b|\bgithub_pat_[0-9A-Za-z_]{60,}\b"),
    "a GitLab token": re.compile(r"\bglpat-[0-9A-Za-z_-]{20,}"),
    "a Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a Slack token": re.compile(r"\bxox[abeoprs]-[0-9A-Za-z-]{20,}"),
    "a Slack webhook": re.compile(r"hooks\.slack\.com/services/T[0-9A-Z]+/B[0-9A-Z]+/[0-9A-Za-z]{16,}"),
    "a Stripe key": re.compile(r"\b[rs]k_live_[0-9A-Za-z]{20,}"),
    "a SendGrid key": re.compile(r"\bSG\.[0-9A-Za-z_-]{20,}\.[0-9A-Za-z_-]{20,}"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[0-9A-Za-z+/=]{20,}"),
    "a JSON web token": re.compile(r"\beyJ[0-9A-Za-z_-]{15,}\.eyJ[0-9A-Za-z_-]{15,}\.[0-9A-Za-z_-]{15,}"),
}
HIDDEN = "***"
_MORE = ("pass", "pwd", "key", "credential", "sas", "auth", "signature", "cert", "pat")
"""Words of a name whose value is better not copied out of an export, though Airflow would show it."""
_PLAIN_KEYS = ("key_name", "key_id", "partition_key", "primary_key", "sort_key")
_URI = re.compile(r"://[^\s/@]*:[^\s/@]*@|://[^\s/@:]{16,}@")
_WORD = re.compile(r"[A-Za-z0-9+/=]{16,}")
_PLAIN_LENGTH = 200


def is_sensitive(name: str) -> bool:
    """Whether a name says that its value is a secret."""
    lower = name.strip().lower()
    return any(word in lower for word in SENSITIVE)


def plain_part(value: Any, name: str) -> Any:
    """What of a value may stand in a repository: the value, with `HIDDEN` in place of each part that may be a secret.

    Args:
        name: what it is given to; rather too much is hidden than too little.
    """
    if _is_doubtful(name) and value not in (None, "", True, False):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): plain_part(one, str(key)) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_part(one, name) for one in value]
    if not isinstance(value, str):
        return value
    if value.lstrip()[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            read = json.loads(value)
            shown = plain_part(read, name)
            return value if shown == read else json.dumps(shown)
    return HIDDEN if _looks_secret(value) else value


def has_hidden(value: Any) -> bool:
    """Whether `plain_part` hid something of it."""
    return HIDDEN in json.dumps(value, default=str)


def _is_doubtful(name: str) -> bool:
    words = [word for word in re.split(r"[\W_]+", name.lower()) if word]
    if is_sensitive(name):
        return True
    return any(word in _MORE for word in words) and not name.lower().endswith(_PLAIN_KEYS)


def _looks_secret(text: str) -> bool:
    if len(text) > _PLAIN_LENGTH and " " not in text:
        return True
    if _URI.search(text) or "PRIVATE KEY" in text or any(form.search(text) for form in FORMS.values()):
        return True
    return any(_is_random(word) for word in _WORD.findall(text))


def _is_random(word: str) -> bool:
    """Letters and digits in turn, as nobody writes a word."""
    turns = len(re.findall(r"(?<=\d)[A-Za-z]|(?<=[A-Za-z])\d|(?<=[a-z])[A-Z]", word))
    return turns >= max(4, len(word) // 6)
