"""Simulations by the rules alone: the same driver, calendar and record, around workers that run no code."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from harness.bridge.environment.seal import sealed
from harness.bridge.masking import mask_environment
from harness.bridge.patches.network import NetworkGuard
from harness.bridge.patches.shortcuts import off
from harness.kernel import Instant, Simulation
from harness.kernel.clock import freezegun_suspended, wall_clock
from harness.kernel.present import claimed
from harness.ledger.past_tries import PastTries
from harness.results.finding import Finding
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.environment import Interruption, interruptible
from harness.simulation.faults import Faults, ServiceFaults
from harness.simulation.options import CalendarOptions
from harness.simulation.rules_only.past import past_of
from harness.simulation.rules_only.planning import Plans
from harness.simulation.rules_only.workers import PlannedAttempts
from harness.simulation.run_factory import RunFactory
from harness.world import World
from harness.world.around import OfService


class RulesOnlyFactory(RunFactory):
    """A run factory whose simulations run no task code.

    Args:
        past: the ledger that tells what tries come to, beside the world.
        draws_past: as of `Plans`.
        given: as of `RunFactory`.
    """

    def __init__(self, past: PastTries | None, draws_past: bool, *given: Any) -> None:
        dags, world, *rest = given
        super().__init__(dags, without_services(world), *rest)
        self._left_out = world
        self.plans = Plans(self.world, past, self.store.dags, draws_past)

    @contextmanager
    def opened(
        self,
        start: Instant,
        seed: int,
        debug: bool,  # noqa: ARG002 - no code to debug
        on_error: Callable[[BaseException], None] | None = None,  # noqa: ARG002
    ) -> Iterator[Driver]:
        """Virtual time, from ``start``; after the block the process is what it was."""
        self.faults = Faults(self.world, ServiceFaults(None, NetworkGuard(self.world.network, self.recorder.refused)))
        self.plans.seed = seed
        with rules_environment(start, self.world) as (simulation, self.interruption):
            driver = self._driver(simulation, seed, self.interruption, lambda loop: PlannedAttempts(loop, self.plans))
            try:
                yield driver
            finally:
                simulation.close()

    def not_happened(self) -> list[Finding]:
        """A finding for each event of the world that did not happen until now, and for what was taken for granted."""
        return [*super().not_happened(), *self._not_planned(), *self.plans.unknown.findings()]

    def _not_planned(self) -> Iterator[Finding]:
        """What of the world only code or services would see."""
        faults = len(self._left_out.faults) + (self._left_out.drawn_faults is not None)
        events = len(self._left_out.events) - len(self.world.events)
        for number, what, why in (
            (faults, "faults: of the world", "they strike code and services"),
            (events, "events: of the world that are of services", "no service is started"),
            (len(self._left_out.commands), "commands: of the world", "they are code"),
        ):
            if number:
                fact = f"{number} of the {what} are left out: {why}"
                yield Finding("no-code", "warning", fact, fix="simulate without --no-code to see what they do")


def without_services(world: World) -> World:
    """A world without what strikes or happens in code and services."""
    events = [event for event in world.events if not isinstance(event.effect, OfService)]
    return replace(world, events=events, faults=[], drawn_faults=None)


@contextmanager
def rules_environment(start: Instant, world: World) -> Iterator[tuple[Simulation, Interruption]]:
    """A simulation whose clock timetables read; nothing else of the process is another, for no task code runs."""
    interruption = Interruption()
    with ExitStack() as stack:
        stack.enter_context(claimed())
        mask_environment(world)
        stack.enter_context(freezegun_suspended())
        stack.enter_context(sealed({}, None))
        stack.enter_context(no_collector())
        simulation = Simulation(start, stack.enter_context(wall_clock(start)))
        stack.enter_context(interruptible(interruption))
        yield simulation, interruption


@contextmanager
def no_collector() -> Iterator[None]:
    """Have nothing collected for the block: all that a calendar makes is kept until its end, or goes by itself.

    Where no code of tasks runs, nobody leaves circles behind; to look for them took a tenth of the time.
    """
    was_enabled = gc.isenabled()
    if not off():
        gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def factory_for(options: CalendarOptions) -> Callable[..., RunFactory]:
    """Makes the run factory of a calendar, with code or without.

    Raises: LedgerError: the past ledger cannot be read.
    """
    if options.code:
        return RunFactory
    return partial(RulesOnlyFactory, past_of(options.from_ledger), options.draws_past)
