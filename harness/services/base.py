"""What a service is: one interface, whoever answers behind it.

A *service* is something real for tasks to talk to, started once and used by many. A *lease* is what one connection of a
world has of it for one simulation or test: a database, a bucket, a mailbox.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Protocol, TypeVar
from weakref import WeakSet

from pydantic import BeforeValidator

from harness.errors import UsageError
from harness.kernel.instant import Instant
from harness.ledger.kept_data import HeldPart
from harness.results.services import Heard
from harness.services.contents import Contents
from harness.world.document import EntrySpec

SetClock = Callable[[Instant | None], None]
"""Has a server's clock stand at an instant, from where it goes on; None: on real time."""

NOT_OUR_CLOCK: Mapping[str, str] = MappingProxyType(
    {"external": "the server is not the harness's own", "container": "a container has the machine's"}
)
"""Driver -> why the clock of what it provides is not ours to set."""

AUTO = "auto"
"""The driver that the service chooses itself, by what there is on this machine."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
"""One text, or several."""


class ServiceOptions(EntrySpec):
    """What may stand in a connection's entry of the world beside ``service``; a service adds its own keys."""

    driver: str = AUTO


class EventOptions(EntrySpec):
    """What may stand below the service's name in an event of the world; a service adds its own keys."""

    connection: str | None = None

    @property
    def what(self) -> str:
        """What happens, in a line that holds no values."""
        raise NotImplementedError


Plan = Callable[[object, Callable[[], object]], None]
"""Has a function called at an instant of each simulation: `World.at`."""


@dataclass(frozen=True)
class Address:
    """Where a lease answers.

    Attributes:
        fields: of an Airflow connection: ``conn_type``, ``host``, ``login``, ``password``, ``schema``, ``port``,
            ``extra`` (JSON text).
        peers: ``host:port`` that tasks must be allowed to reach; none for this machine itself.
        env: environment variables that tasks see.
    """

    fields: Mapping[str, str | int | None] = field(repr=False)
    peers: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)


class Breakable(Protocol):
    """A server that can go down, and come back."""

    def cut(self) -> None:
        """Break every connection there is to it."""

    def refuse(self) -> None:
        """Refuse new ones too; the port stays its own."""

    def accept(self) -> None:
        """Take connections again."""


class Lease(ABC):
    """What one connection has of a service, until `end`.

    Attributes:
        conn_id: of the connection.
        address: where it answers.
        breakable: its server, where that can go down; None of one that is not ours to break.
        part: what of the server at `peer` is its own, as a database; None: all of it.
        faults: how it can be made to fail, of ``resets``, ``errors``, ``throttles``.
        plan: of the world of the test that it belongs to.
    """

    conn_id: str
    address: Address
    breakable: Breakable | None = None
    part: str | None = None
    faults: tuple[str, ...] = ()
    plan: Plan | None = None

    @property
    def peer(self) -> str | None:
        """``host:port`` that clients connect to, who are refused where it is down; None where it cannot be."""
        return None

    def cut(self) -> None:
        """Break every connection there is to it."""
        if self.breakable is not None:
            self.breakable.cut()

    def refuse(self) -> None:
        """Break every connection there is, and refuse new ones until `accept`.

        Those of this process are refused by whoever has it go down. A server that cannot refuse others, as a database
        that others use too, only breaks connections.
        """
        if self.breakable is not None:
            self.breakable.refuse()
        else:
            self.cut()

    def accept(self) -> None:
        """Take connections again."""
        if self.breakable is not None:
            self.breakable.accept()

    def fails(self, how: str | None) -> None:  # noqa: B027 - some only go down
        """Answer with one of its ``faults`` from now on; None: be well again."""

    def happen(self, event: Any) -> None:
        """Have an event happen, an instance of the service's ``event``. Only for a service that has such."""
        raise NotImplementedError

    def planned(self, at: object, happens: Callable[[], object]) -> None:
        """Have something happen at an instant of each simulation of the test's. Raises: UsageError: in no test."""
        if self.plan is None:
            raise UsageError("there is no world in which this could be planned", fix="world.at(when, function)")
        self.plan(at, happens)

    def snapshot(self) -> Contents | None:
        """What it holds now; None for one that holds no data. Compare two with `Contents.changes_to`."""
        return None

    def held(self) -> Iterator[HeldPart]:
        """What it holds now, row by row, to be kept in a ledger. Of a service that does not say more: its snapshot."""
        contents = self.snapshot()
        return iter(()) if contents is None else contents.held()

    def heard(self) -> list[Heard]:
        """What it was told since it began, in order: mails, requests, messages. Empty for one that only holds data."""
        return []

    def end(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give it back; a second call does nothing."""


_OneLease = TypeVar("_OneLease", bound=Lease)


class Service(ABC):
    """A service of one driver. Nothing starts before `start`, and `close` leaves nothing behind.

    Args:
        driver: one of ``drivers``; behind ``container:`` stands the image.
    Attributes:
        driver: its name.
        image: of the container; empty for the service's own choice.
        name: what ``service:`` in a world says.
        conn_types: Airflow's connection types that it can answer, the first one by default.
        also_types: further ones, for which nobody would take it unasked.
        takes_unknown_types: also those that no service answers.
        drivers: those there are; the ones that need least come first.
        title: what it is, in a few words: "a PostgreSQL of the harness's own".
        options: keys of a connection's entry that are its own.
        event: what an event of the world may say of it; None where nothing happens in it by itself.
        address_variable: of the environment, which says where a server of the user's own is; empty where there is none.
        shared: processes of one pytest run may use one, started by the first of them; see `is_shared`.
    """

    name: ClassVar[str]
    conn_types: ClassVar[tuple[str, ...]]
    also_types: ClassVar[tuple[str, ...]] = ()
    takes_unknown_types: ClassVar[bool] = False
    drivers: ClassVar[tuple[str, ...]]
    title: ClassVar[str]
    options: ClassVar[type[ServiceOptions]] = ServiceOptions
    event: ClassVar[type[EventOptions] | None] = None
    address_variable: ClassVar[str] = ""
    shared: ClassVar[bool] = False

    def __init__(self, driver: str) -> None:
        self.driver, _, self.image = driver.partition(":")
        self._leases: WeakSet[Lease] = WeakSet()

    @classmethod
    def automatic(cls, environment: Mapping[str, str]) -> tuple[str, str]:
        """The driver of ``auto``, and why it is that one: ``external`` where it is said where a server is."""
        if cls.address_variable and environment.get(cls.address_variable):
            return "external", cls.address_variable
        return cls.drivers[0], "the default"

    @classmethod
    def is_shared(cls, driver: str) -> bool:  # noqa: ARG003 - others look
        """Whether processes of one pytest run use one; else each has its own, as where a clock is one process's."""
        return cls.shared

    @classmethod
    def why_clock_is_real(cls, driver: str) -> str | None:  # noqa: ARG003 - others look
        """Why it tells the real time during a simulation; None where it tells the simulation's, or none."""
        return None

    def clock(self) -> SetClock | None:
        """What sets the clock of a server beside this process, once it is up; None where there is no such clock."""
        return None

    @abstractmethod
    def start(self) -> None:
        """Bring it up; a second call does nothing. Raises: ServiceUnavailable: what is missing, how to get it."""

    @abstractmethod
    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:
        """A share of it for one connection.

        Args:
            holder: name of the test or command, which may become part of a database's or a bucket's.
            options: an instance of ``self.options``.
        Raises: ServiceUnavailable. WorldError: seeds that cannot be applied.
        """

    def kept(self, lease: _OneLease) -> _OneLease:
        """The lease, which `close` ends if nobody has."""
        self._leases.add(lease)
        return lease

    def close(self) -> None:
        """Take down what this object brought up; a second call does nothing."""
        for lease in list(self._leases):
            lease.end()

    def share(self) -> str:
        """A text, which may hold a password, with which another process attaches. For a ``shared`` one only."""
        raise NotImplementedError

    @classmethod
    def attached(cls, token: str) -> Service:
        """One that another process started, from its `share`; `close` leaves it running."""
        raise NotImplementedError
