"""The present of a shown ledger: its last instant, from which time goes on.

Airflow's UI counts from now: what failed in the last day, for how long a task has been running, which month a calendar
opens with. In a ledger of January none of that is meant to be seen from November.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime, timedelta, timezone
from typing import Any

_ZONES = ("airflow._shared.timezones.timezone", "airflow.utils.timezone")
"""Modules whose ``utcnow`` the API server asks: of 3.2 and later, and of 3.1."""

_SCRIPT = """<script>
(() => {
  const Real = Date, shift = %d - Real.now(), now = () => Real.now() + shift;
  globalThis.Date = new Proxy(Real, {
    construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now()], made),
    apply: () => new Real(now()).toString(),
    get: (target, name) => name === "now" ? now : Reflect.get(target, name),
  });
})();
</script>"""

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[Any]]
_Send = Callable[[Any], Awaitable[None]]


def live_in(present: datetime) -> None:
    """Have the API server take this for the present instant, now. What signs and checks its tokens asks elsewhere."""
    shift = present - datetime.now(timezone.utc)
    for name in _ZONES:
        module: Any = sys.modules.get(name)
        if module is not None:
            module.utcnow = _shifted(module.utcnow, shift)


def _shifted(utcnow: Callable[[], datetime], shift: timedelta) -> Callable[[], datetime]:
    return lambda: utcnow() + shift


class VirtualPresent:
    """Gives the page of the UI, a program in the browser, the same present.

    Args:
        app: the application below.
        present: the instant at which pages are opened.
    """

    def __init__(self, app: Any, present: datetime) -> None:
        self.app = app
        self.script = (_SCRIPT % round(present.timestamp() * 1000)).encode()

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Hand a request on; a page comes back with the script at its head."""
        if scope["type"] != "http" or b"text/html" not in dict(scope["headers"]).get(b"accept", b""):
            await self.app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        started: dict[str, Any] = {}
        body = bytearray()

        async def keep(message: Any) -> None:
            if message["type"] == "http.response.start":
                # A log that is opened in a tab of its own is asked for as a page is, and is none.
                if _is_page(message):
                    started.update(message)
                else:
                    await send(message)
                return
            if not started:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                page = bytes(body).replace(b"<head>", b"<head>" + self.script, 1)
                headers = [(name, value) for name, value in started["headers"] if name.lower() != b"content-length"]
                headers.append((b"content-length", str(len(page)).encode()))
                await send({**started, "headers": headers})
                await send({"type": "http.response.body", "body": page})

        await self.app({**scope, "headers": plain}, receive, keep)


def _is_page(start: _Scope) -> bool:
    return any(name.lower() == b"content-type" and b"text/html" in value for name, value in start["headers"])
