"""What keeps a shown ledger as it is: nothing asks the server to change something, and its database takes no write."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

REFUSED = "This is a ledger, shown read only: what happened in it cannot be triggered, cleared or changed here."
NOT_HERE = "This server answers on loopback only."

_READS = ("GET", "HEAD", "OPTIONS")
_QUESTION = "/list"
"""Ends paths that are posted to and only ask: ``get_list_dag_runs_batch``, ``get_task_instances_batch`` (3.3.2)."""
_HERE = frozenset({"127.0.0.1", "localhost"})

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[Any]]
_Send = Callable[[Any], Awaitable[None]]


class ReadOnly:
    """Answers 403, with a sentence that the UI shows, to whatever would change something.

    And to whoever asks by another name than loopback's: a page of the web whose name suddenly means this machine would
    otherwise read what is served here to everybody.

    Args:
        app: the application below.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Answer a request, or hand it on."""
        refused = _refusal(scope) if scope["type"] == "http" else None
        if refused is None:
            await self.app(scope, receive, send)
            return
        body = json.dumps({"detail": refused}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _refusal(scope: _Scope) -> str | None:
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    if host.rpartition(":")[0] not in _HERE and host not in _HERE:
        return NOT_HERE
    if scope["method"] in _READS or (scope["method"] == "POST" and scope["path"].endswith(_QUESTION)):
        return None
    return REFUSED


def refuse_writes() -> None:
    """Have each further connection to the database refuse to write: a request that only reads may have other ideas.

    Of all engines, for one of coroutines may be made later.
    """
    from airflow import settings
    from sqlalchemy import Engine, event

    event.listen(Engine, "connect", _query_only)
    engine: Any = settings.engine
    engine.dispose()


def _query_only(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()
