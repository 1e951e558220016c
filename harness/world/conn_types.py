"""The type of a connection, told from the argument, the hook or the notifier that names it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CALLED = {
    "slack_webhook": "slackwebhook",
    "gcp": "google_cloud_platform",
    "s3": "aws",
}
"""Words of arguments and hooks that are no type themselves -> the type: ``slack_webhook_conn_id``, ``S3Hook``."""
_OTHERS = ("ssh", "snowflake", "slack")
"""Types that may stand in a name though no service answers them."""
_NAMED_BY = re.compile(r"\(([^()]*)\)|(\w+)\(\)|the param '([^']*)'|^(\w+) of ")
"""What a use tells: ``task 'load' (aws_conn_id)``, ``S3Hook()``, ``the param 'aws_conn_id'``, ``SmtpNotifier of …``."""


def conn_type_of(by: str, answered: Iterable[str]) -> str:
    """The type; empty where nothing tells it.

    Args:
        by: who names the connection, in words of `harness.checks.resources.used_names`.
        answered: types that services answer.
    """
    told = " ".join(part for match in _NAMED_BY.findall(by) for part in match).lower()
    words = {**_CALLED, **{kind: kind for kind in (*answered, *_OTHERS)}}
    # The longest word: "slack" stands within "slack_webhook", and "http" within what another package may call its own.
    return next((words[word] for word in sorted(words, key=lambda one: (-len(one), one)) if word in told), "")
