"""What moto holds, of each lease apart.

Moto keeps all that AWS has in names of its modules: a dictionary a service, by account and region; a list of every
model that was made; whose a bucket's name is, since those are one namespace for all accounts. One process has one of
each. A user's own ``mock_aws`` empties them when it begins and ends, and closes the file behind every object that is in
the list. So what belongs to a lease is put there for a request, and taken out again before the next.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from moto.core.base_backend import BackendDict, backend_lock
from moto.core.model_instances import model_data
from moto.s3.models import s3_backends

from harness.kernel import present
from harness.kernel.instant import to_datetime
from harness.kernel.simulation import Simulation


@dataclass
class _Held:
    """The contents of moto's names."""

    services: list[tuple[Any, dict[Any, Any]]] = field(default_factory=list)
    bucket_accounts: dict[str, tuple[str, str]] = field(default_factory=dict)
    models: dict[Any, list[Any]] = field(default_factory=dict)


class MotoState:
    """All that AWS has of one lease."""

    def __init__(self) -> None:
        self._held = _Held()
        self._met: weakref.ref[Simulation] | None = None
        self._outside: list[tuple[datetime, datetime]] = []

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Moto has this state in the block, whichever it had before.

        The lock is moto's own: every look-up of a service takes it, so that a ``mock_aws`` in another thread waits, and
        does not find what is the lease's.
        """
        with backend_lock:
            others = _taken()
            _put(self._held)
            try:
                self._see_simulation()
                yield
            finally:
                self._held = _taken()
                _put(others)

    @contextmanager
    def request(self, writes: bool) -> Iterator[None]:
        """As `in_place`, for a request, which may write."""
        with self.in_place():
            begun = _now()
            try:
                yield
            finally:
                if writes and present.active() is None:
                    self._note_outside(begun, _now())

    def empty(self) -> None:
        """Forget all, and close the files behind large objects."""
        with self.in_place():
            BackendDict.reset()

    def _note_outside(self, begun: datetime, ended: datetime) -> None:
        """What is written now is written before a simulation, or between two of them."""
        if self._outside and self._outside[-1][1] <= begun:
            begun = self._outside.pop()[0]  # one stretch: a simulation between them would have emptied the list
        self._outside.append((begun, ended))

    def _see_simulation(self) -> None:
        """When a simulation comes, what was there before it is at the latest as old as its start.

        Else a seed of 2025-03-04's run would be of today: a task that asks for what came since yesterday finds it, one
        that asks for what there was at midnight does not.
        """
        simulation = present.active()
        if simulation is None or not self._outside or (self._met is not None and self._met() is simulation):
            return
        self._met = weakref.ref(simulation)
        start = to_datetime(simulation.start)
        for bucket in _buckets():
            for dated, name in [(bucket, "creation_date"), *((key, "last_modified") for key in _versions(bucket))]:
                at = getattr(dated, name)
                moment = at.replace(tzinfo=timezone.utc)  # moto's dates are all UTC; some of them do not say so
                if moment > start and any(begun <= moment <= ended for begun, ended in self._outside):
                    setattr(dated, name, start.replace(tzinfo=at.tzinfo))
        self._outside.clear()


def _taken() -> _Held:
    """What moto has, which it has no longer then."""
    held = _Held([(service, dict(service)) for service in BackendDict._instances], s3_backends.bucket_accounts)
    for service, _ in held.services:
        dict.clear(service)
    BackendDict._instances[:] = []
    s3_backends.bucket_accounts = {}
    for models in model_data.values():
        for model in models.values():
            made: list[Any] = model.instances_tracked
            if made:
                held.models[model] = made
                model.instances_tracked = []
    return held


def _put(held: _Held) -> None:
    """Give moto what was taken."""
    for service, accounts in held.services:
        dict.update(service, accounts)
        BackendDict._instances.append(service)
    s3_backends.bucket_accounts = held.bucket_accounts
    for model, made in held.models.items():
        model.instances_tracked = made


def _buckets() -> list[Any]:
    """Of all accounts and partitions."""
    return [one for _, _, backend in s3_backends.iter_backends() for one in backend.buckets.values()]


def _versions(bucket: Any) -> list[Any]:
    """Every version of every object, and the markers of deleted ones."""
    return [version for _, versions in bucket.keys.lists() for version in versions]


def _now() -> datetime:
    return datetime.now(timezone.utc)
