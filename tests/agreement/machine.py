"""One state machine for all kinds of service: what is done to a lease, beside a dictionary that says what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from harness.services.base import Lease, Service
from harness.services.contents import Contents

KEYS = st.sampled_from(["a", "b/c", "é f"])
VALUES = st.sampled_from(["", "x", "ü\n'\"%s\\"])
SEED = {"seeded": "1"}

RUNS = settings(
    max_examples=4,
    stateful_step_count=10,
    deadline=None,
    derandomize=True,  # so the calls made of one driver are those made of another
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Agreement(RuleBasedStateMachine):
    """Leases of a service that is up.

    Attributes:
        service: of one driver.
        seed: what the entry of a connection says so that it begins with `SEED`; None where there are no seeds.
        bare: what it says else.
        alone: one lease at a time, as on a server of the user's that has one namespace for all.
    """

    service: ClassVar[Service]
    seed: ClassVar[Mapping[str, Any] | None] = None
    bare: ClassVar[Mapping[str, Any]] = {}
    alone: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Lease] = []
        self.models: dict[Lease, dict[str, str]] = {}
        self.seen: dict[Lease, Contents] = {}

    @initialize(seeded=st.booleans())
    def first(self, seeded: bool) -> None:
        """There is one at least."""
        self.begin(seeded)

    @rule(seeded=st.booleans())
    def begin(self, seeded: bool) -> None:
        """A new one holds its seed, whatever was in those before it."""
        if len(self.open) == (1 if self.alone else 2):
            self.finish(0)
        seeded = seeded and self.seed is not None
        entry = self.seed if seeded else self.bare
        lease = self.service.lease("agreement", f"conn_{len(self.models)}", self.service.options(**entry))
        self.open.append(lease)
        self.prepare(lease, seeded)
        self.models[lease] = dict(SEED) if seeded else {}
        self.seen[lease] = self.snapshot(lease)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 1), key=KEYS, value=VALUES)
    def set(self, which: int, key: str, value: str) -> None:
        """It is there, and that is all that has changed."""
        lease = self.at(which)
        was = self.models[lease].get(key)
        self.write(lease, key, value)
        self.models[lease][key] = value
        self.changed(lease, added=was is None, removed=False, changed=was not in (None, value))

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 1), key=KEYS)
    def unset(self, which: int, key: str) -> None:
        """It is there no longer, and that is all that has changed; the second time nothing has."""
        lease = self.at(which)
        was = self.models[lease].pop(key, None)
        if was is not None or self.removes_nothing_well:
            self.remove(lease, key)
        self.changed(lease, added=False, removed=was is not None, changed=False)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 1))
    def cut(self, which: int) -> None:
        """Connections break, and new ones are taken."""
        self.at(which).cut()

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 1))
    def finish(self, which: int) -> None:
        """Twice is once."""
        lease = self.at(which)
        self.open.remove(lease)
        lease.end()
        lease.end()

    @invariant()
    def each_holds_its_own(self) -> None:
        """What was done to one is seen in no other."""
        for lease in self.open:
            assert self.held(lease) == self.models[lease], self.service.driver
            assert lease.address.fields["conn_type"] == self.service.conn_types[0]

    def teardown(self) -> None:
        """Give all back."""
        for lease in self.open:
            lease.end()

    def at(self, which: int) -> Lease:
        """One of those that are open."""
        return self.open[which % len(self.open)]

    def changed(self, lease: Lease, *, added: bool, removed: bool, changed: bool) -> None:
        """So many changes are told since the last look."""
        before, self.seen[lease] = self.seen[lease], self.snapshot(lease)
        told = before.changes_to(self.seen[lease])
        counts = tuple(sum(getattr(one, name) for one in told) for name in ("added", "removed", "changed"))
        assert counts == (added, removed, changed), self.service.driver

    def snapshot(self, lease: Lease) -> Contents:
        """What a lease says that it holds."""
        found = lease.snapshot()
        assert found is not None
        return found

    removes_nothing_well: ClassVar[bool] = True
    """Whether removing what is not there is no error."""

    def prepare(self, lease: Any, seeded: bool) -> None:
        """Make what is written into."""

    def write(self, lease: Any, key: str, value: str) -> None:
        """Set a value."""
        raise NotImplementedError

    def remove(self, lease: Any, key: str) -> None:
        """Forget one."""
        raise NotImplementedError

    def held(self, lease: Any) -> dict[str, str]:
        """All there is."""
        raise NotImplementedError


def agree(machine: type[Agreement], service: Service, runs: settings = RUNS, **how: Any) -> None:
    """Run the machine on a service, which is closed after it."""
    service.start()
    try:
        run_state_machine_as_test(type(machine.__name__, (machine,), {"service": service, **how}), settings=runs)
    finally:
        service.close()
