"""The entries of a world as plain data. Reading them from raw values is in `harness.world.reading`.

A connection reads its URI itself, as Airflow's ``Connection`` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from harness.errors import WorldError
from harness.kernel.instant import SECOND, Microseconds
from harness.project.exports import normal_type

DEFAULT_POOL = "default_pool"
DEFAULT_POOL_SLOTS = 128
"""Airflow's ``[core] default_pool_task_slot_count``."""

DEFAULT_PARALLELISM = 32
"""Airflow's ``[core] parallelism``."""

DEFAULT_CONCURRENCY = 16
"""Airflow's ``[celery] worker_concurrency``."""

DEFAULT_QUEUE = "default"
"""Airflow's ``[operators] default_queue``."""

STATES = ("failed", "skipped")
"""States a stub can end in at once, besides success (``returns``) and a failure that is retried (``raises``)."""

_EXTRA_KEY = "__extra__"
_URI_FIX = "write conn_type://login:password@host:port/schema?key=value, special characters percent-encoded"


@dataclass(frozen=True)
class Pool:
    """A pool. ``slots`` is -1 for no limit; ``include_deferred`` counts deferred tasks as holding slots."""

    slots: int
    include_deferred: bool = False
    description: str | None = None


def default_pools() -> dict[str, Pool]:
    """The pools of a world that names none."""
    return {DEFAULT_POOL: Pool(DEFAULT_POOL_SLOTS)}


@dataclass(frozen=True)
class Worker:
    """A worker that serves queues: ``airflow celery worker -q queues -c concurrency``.

    Attributes:
        concurrency: task instances it runs at once, 1 or more.
        executor: the one it works for, as it is named under ``executors``; None for the default one.
    """

    queues: tuple[str, ...] = (DEFAULT_QUEUE,)
    concurrency: int = DEFAULT_CONCURRENCY
    executor: str | None = None


@dataclass(frozen=True)
class Executor:
    """What runs task instances.

    Attributes:
        parallelism: how many run at once, in all executors together, 1 or more.
        executors: name as in ``[core] executor`` -> slots of its own, None for as many as ``parallelism``; the first is
            the default. None at all: one executor that takes any name.
        workers: by name. An executor that has none begins at once what it is given.
        task_queued_timeout: how long an instance waits for a worker before it is scheduled anew, microseconds.
        num_stuck_in_queued_retries: how often it is, before it fails.
    """

    parallelism: int = DEFAULT_PARALLELISM
    executors: Mapping[str, int | None] = field(default_factory=dict)
    workers: Mapping[str, Worker] = field(default_factory=dict)
    task_queued_timeout: Microseconds = 600 * SECOND
    num_stuck_in_queued_retries: int = 2


@dataclass(frozen=True)
class Answer:
    """What a person answers to a human-in-the-loop request.

    Attributes:
        options: the options chosen.
        params: the form's fields filled in.
        after: virtual microseconds after the request.
        by: who answers.
    """

    options: tuple[str, ...]
    params: Mapping[str, object] = field(default_factory=dict)
    after: Microseconds = 0
    by: str = "somebody"


@dataclass(frozen=True)
class TriggerAnswer:
    """What comes in the place of the event of a deferred task's trigger, which does not run.

    Attributes:
        event: the payload.
        after: virtual microseconds after the deferral.
        raises: the trigger fails with this message instead.
        resumes: the operator's method that goes on with it; where one is named, nothing of the operator runs before.
    """

    event: object = None
    after: Microseconds = 0
    raises: str | None = None
    resumes: str | None = None


@dataclass(frozen=True)
class Stub:
    """What happens in a task's place: a stand-in.

    At most one of: ``raises`` (the task fails, with AirflowException where it is text, and is retried), ``state`` (it
    ends in this state, without retries), ``follows`` (it goes on with these task or task group ids as a branching
    task does; for a short circuit none is false, any is true), ``does`` (a function of the task's context, whose value
    is returned), ``runs`` (the task itself); without one it succeeds and returns ``returns``.

    Attributes:
        raises: a message; in Python also an exception or its class.
        does: a function, or its dotted path.
        fails: so many first tries raise, with ``raises`` as message when there is one.
        xcoms: pushed first, by key.
        takes: virtual microseconds; None for what the world's durations say.
        tries: one for each try, the last for all that follow; where there are some, nothing else but ``fails`` counts.
    """

    returns: object = None
    raises: str | BaseException | type[BaseException] | None = None
    state: str | None = None
    follows: tuple[str, ...] | None = None
    fails: int = 0
    runs: bool = False
    does: Callable[[Any], object] | str | None = None
    xcoms: Mapping[str, object] = field(default_factory=dict)
    takes: Microseconds | None = None
    tries: tuple[Stub, ...] = ()

    def at(self, try_number: int) -> Stub:
        """What it is at a try, from 1."""
        return self.tries[min(try_number, len(self.tries)) - 1] if self.tries else self

    def runs_itself(self, try_number: int) -> bool:
        """Whether the task's own code runs at a try."""
        return self.at(try_number).runs and try_number > self.fails

    @property
    def functions(self) -> tuple[str, ...]:
        """The dotted paths among what it does."""
        own = (self.does,) if isinstance(self.does, str) else ()
        return own + tuple(path for one in self.tries for path in one.functions)


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
    if _EXTRA_KEY not in pairs:
        return json.dumps(pairs)
    try:
        return extra_text(pairs[_EXTRA_KEY])
    except ValueError as error:
        raise WorldError(f"{_EXTRA_KEY} of a connection URI: {error}", fix="encode a JSON object in it") from None
