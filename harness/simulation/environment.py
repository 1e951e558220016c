"""Everything that is true only while a simulation runs, entered and left in one place."""

from __future__ import annotations

import gc
import logging
import os
import random
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, NoReturn

from harness.bridge.environment.archives import ArchiveModules
from harness.bridge.environment.process_state import CurrentContext, StandardStreams, TaskEnvironment, clients_of_tasks
from harness.bridge.environment.seal import sealed
from harness.bridge.masking import mask_environment
from harness.bridge.patches.around_tasks import overran, patched
from harness.bridge.patches.exits import alarmed
from harness.bridge.patches.faults import Striking
from harness.bridge.patches.latency import answers_that_take_time
from harness.bridge.patches.network import NetworkGuard
from harness.bridge.patches.shortcuts import off
from harness.bridge.standins.playing import StandIns
from harness.bridge.supervisor.capture import Sink, captured
from harness.kernel import Instant, Simulation
from harness.kernel.alarms import alarms_of_processes
from harness.kernel.clock import freezegun_suspended, wall_clock
from harness.kernel.event_loop import RunningLoop, virtual_event_loops
from harness.kernel.patches import time_patched
from harness.kernel.present import claimed
from harness.kernel.watchdog import alarm_watchdog
from harness.project.declarations import SECRETS
from harness.scheduler.model import TaskInstance
from harness.world import World


class Interruption:
    """Ctrl-C or SIGTERM while a task runs: Airflow's task runner catches every exception, so it must be remembered.

    Args:
        patience: called at the first Ctrl-C, which then waits for the end of a run; a second one does not. None: no
            Ctrl-C waits.
    """

    def __init__(self, patience: Callable[[], None] | None = None) -> None:
        self.happened = False
        self._patience, self._waits = patience, False
        self._signal: int | None = None

    def strike(self, signum: int, _frame: FrameType | None) -> None:
        """The handler of both signals."""
        if self._patience is not None and signum == signal.SIGINT and not self._waits:
            self._waits = True
            self._patience()
            return
        self.happened, self._signal = True, signum
        raise KeyboardInterrupt

    def run_ended(self) -> bool:
        """A run is over; whether Ctrl-C waited for that."""
        self.happened |= self._waits
        return self._waits

    def go_on(self) -> NoReturn:
        """After everything was put back: let the signal do what it would have done to its owner."""
        if self._signal == signal.SIGTERM:
            signal.raise_signal(signal.SIGTERM)
        raise KeyboardInterrupt


@contextmanager
def simulation_environment(
    start: Instant,
    world: World,
    seed: int,
    sink: Sink,
    duration_of: Callable[[TaskInstance], int | None],
    redirect_streams: bool,
    guard: NetworkGuard,
    striking: Striking,
    patience: Callable[[], None] | None = None,
) -> Iterator[tuple[Simulation, Interruption]]:
    """A simulation with all that reaches time patched; after the block the process is what it was.

    Args:
        seed: of ``random`` for task code.
        sink: takes the log lines of tasks.
        redirect_streams: capture ``print``; off for a debugger.
        guard: judges what tasks connect to.
        striking: knows what goes wrong with tries.
        patience: see `Interruption`.
    """
    interruption = Interruption(patience)
    with ExitStack() as stack:
        stack.enter_context(claimed())
        mask_environment(world)  # behind the claim: another simulation's tasks would change the environment meanwhile
        stack.enter_context(freezegun_suspended())
        stack.enter_context(
            sealed({}, _statsd_of(world))
        )  # before the world's environment, which may have the same names
        stack.enter_context(process_state(world, seed))
        stack.enter_context(clients_of_tasks())
        stack.enter_context(guard.on_duty())
        stack.enter_context(answers_that_take_time())
        stack.enter_context(patient_collector())
        simulation = Simulation(start, stack.enter_context(wall_clock(start)))
        simulation.ambients += [RunningLoop(), CurrentContext(), TaskEnvironment(), ArchiveModules()]
        stack.enter_context(time_patched(simulation))
        stack.enter_context(virtual_event_loops())
        stack.enter_context(captured(sink, redirect_streams))
        simulation.ambients.append(StandardStreams())
        stack.enter_context(alarms_of_processes(simulation, alarmed))
        stack.enter_context(patched(simulation, StandIns(world), duration_of, striking))
        stack.enter_context(alarm_watchdog(simulation, overran))
        stack.enter_context(interruptible(interruption))
        try:
            yield simulation, interruption
        finally:
            simulation.close()


@contextmanager
def process_state(world: World, seed: int) -> Iterator[None]:
    """Environment, working directory and ``random``: the world's inside, the owner's after.

    The owner's real connections and variables (``AIRFLOW_CONN_*``, ``AIRFLOW_VAR_*``) are hidden from tasks.
    """
    environment, state, folder = dict(os.environ), random.getstate(), os.getcwd()  # noqa: PTH109 - a plain string
    path, disabled, patience = sys.path[:], logging.root.manager.disable, socket.getdefaulttimeout()
    umask, handlers, numpy_state = _umask(), _handlers(), _numpy_state(seed)
    for name in environment:
        if name.startswith(SECRETS):
            del os.environ[name]
    os.environ.update(world.env)
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
        sys.path[:] = path
        logging.disable(disabled)
        socket.setdefaulttimeout(patience)
        os.umask(umask)
        for number, handler in handlers.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        if numpy_state is not None:
            sys.modules["numpy"].random.set_state(numpy_state)
        os.chdir(folder)
        if dict(os.environ) != environment:
            for name in set(os.environ) - set(environment):
                del os.environ[name]
            os.environ.update(environment)


def _statsd_of(world: World) -> tuple[str, int] | None:
    """Where the world's own StatsD listens, which Airflow's metrics go to; None without one."""
    host, port = world.env.get("STATSD_HOST"), world.env.get("STATSD_PORT", "")
    return (host, int(port)) if host == LOOPBACK and port.isdigit() else None


LOOPBACK = "127.0.0.1"
"""Where services of this process listen; a StatsD elsewhere is somebody's, and hears of no simulation."""


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    present = os.umask(0o022)
    os.umask(present)
    return present


def _handlers() -> dict[int, Any]:
    """Signal handlers that Python knows and can put back; none outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    found = {number: signal.getsignal(number) for number in signal.valid_signals()}
    return {number: handler for number, handler in found.items() if handler is not None}


def _numpy_state(seed: int) -> Any:
    """numpy's global random state, seeded for the tasks; None when numpy is not loaded."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not hasattr(numpy, "random"):
        return None
    state = numpy.random.get_state()
    numpy.random.seed(seed % 2**32)
    return state


@contextmanager
def interruptible(interruption: Interruption) -> Iterator[None]:
    """Have it remember Ctrl-C and SIGTERM for the block; outside the main thread nobody hears of them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.signal(number, interruption.strike) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


YOUNG = 20_000
"""New objects after which the youngest generation is collected."""


@contextmanager
def patient_collector() -> Iterator[None]:
    """Collect after `YOUNG` new objects for the block; an owner who collects less often, or not at all, keeps that.

    A task instance makes hundreds of objects, most of which are gone by themselves when it ends: looked for after every
    few of them, the rest costs a tenth of the time.
    """
    former = gc.get_threshold()
    if 0 < former[0] < YOUNG and not off():
        gc.set_threshold(YOUNG, *former[1:])
    try:
        yield
    finally:
        gc.set_threshold(*former)
