"""The owner's side of a container: it has its keeper start it, and knows where it answers."""

from __future__ import annotations

import atexit
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping

from harness.errors import ServiceUnavailable
from harness.services.containers import keeper
from harness.services.installed import see_installed
from harness.services.reaper_link import ReaperLink

START_MS = 180_000
"""A server's first start in a slow machine's container takes longer than one beside us."""

_PROGRAM = (sys.executable, "-I", keeper.__file__)


class ContainerLink(ReaperLink):
    """A running keeper of one container.

    Args:
        order: what it is to start.
    """

    def __init__(self, order: keeper.ContainerOrder) -> None:
        self._run = order["run"]
        super().__init__(order, _PROGRAM)

    def _sweep(self) -> None:
        """What a keeper that was killed itself could not do."""
        if self._process.returncode:
            words = [*_PROGRAM, self._run]
            subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True).wait()


class Container:
    """A server in a container, on a free port of 127.0.0.1.

    Args:
        kind: of server, one of `harness.services.containers.keeper.KINDS`.
        image: it has to be on this machine: none is pulled.
        words: what the server is told; see `keeper`.
    """

    def __init__(self, kind: str, image: str, words: Mapping[str, str]) -> None:
        self._kind, self._image, self._words = kind, image, dict(words)
        self._link: ContainerLink | None = None

    def start(self) -> tuple[str, int]:
        """Bring it up: its host and port. Raises: ServiceUnavailable: with the end of the container's log."""
        title = f"the container of {self._kind}"
        see_installed(title, "containers", {"testcontainers": "testcontainers", "docker": "docker"})
        order = keeper.ContainerOrder(
            owner=os.getpid(), kind=self._kind, image=self._image, run=secrets.token_hex(8), words=self._words
        )
        link = self._link = ContainerLink(order)
        atexit.register(self.close)
        try:
            event = link.event(START_MS)
            if event is None:
                fact = f"{title} is not up within {START_MS // 1000} s"
                raise ServiceUnavailable(fact, where=self._image, fix=f"docker run {self._image}, to see why")
            if event["event"] == "serving":
                return event["host"], event["port"]
            fact, fix = event.get("fact", "lost its keeper"), event.get("fix", "run again")
            raise ServiceUnavailable(f"{title} {fact}", where=self._image, known=event.get("known"), fix=fix)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove it; a second call does nothing. A forked child leaves it to its owner."""
        link, self._link = self._link, None
        if link is not None:
            atexit.unregister(self.close)
            link.close()
