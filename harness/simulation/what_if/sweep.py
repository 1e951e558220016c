"""One calendar in several worlds, one after the other or shared out among processes: what comes of it is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from harness.engines.dask_engine import connected
from harness.engines.gathering import gather
from harness.engines.local import Engine, LocalWorkers
from harness.engines.served import ServedWorkers
from harness.errors import UsageError
from harness.results.finding import Finding
from harness.results.what_if import WhatIf
from harness.simulation.options import CalendarOptions
from harness.simulation.rules_only.past import kept_past
from harness.simulation.sharing.portable import PortableSimulation, job_of
from harness.simulation.what_if.revisions import OPTION, Revision, part_of, revised, trees_of
from harness.simulation.what_if.variations import REVISION, Variation, grid, world_of
from harness.simulation.what_if.worlds import SimulatedWorld, pools_asked_for, simulated_world
from harness.world import World

if TYPE_CHECKING:
    from harness.simulation.rehearsal import Rehearsal

Told = Callable[[int, int], None]
"""Is told how many worlds of how many are done; by whatever thread."""

ENTRY = "harness.simulation.what_if.served_worlds:serve"


def what_if(
    rehearsal: Rehearsal, options: CalendarOptions, world: World | None, variations: Sequence[Variation]
) -> WhatIf:
    """Simulate a calendar in every world of a grid, in this process.

    Raises: as `Sweep`, and as `Sweep.simulate`.
    """
    return Sweep(rehearsal, options, world, variations).simulate()


class Sweep:
    """A calendar in every world of a grid.

    Args:
        world: the one that is varied.
    Raises: UsageError: a grid that cannot be. Nothing is simulated before all worlds are seen to be possible.
    """

    def __init__(
        self, rehearsal: Rehearsal, options: CalendarOptions, world: World | None, variations: Sequence[Variation]
    ) -> None:
        self._began = perf_counter()
        self._rehearsal, self._options, self._world = rehearsal, replace(options, keep=None), world or World()
        self._settings = grid(variations)
        self._pools = pools_asked_for(rehearsal.folder.dags.values())
        for each in self._settings:
            world_of(self._world, each, self._pools)
        self._done: dict[int, SimulatedWorld] = {}
        self._revised = list(dict.fromkeys(each[REVISION] for each in self._settings if REVISION in each))
        self._revisions: dict[str, Revision] = {}

    def simulate(self, jobs: int = 1, engine: str | None = None, told: Told = lambda done, of: None) -> WhatIf:  # noqa: ARG005 - nobody listens
        """Simulate it.

        Args:
            jobs: processes of this machine that share the worlds; 1 for this one alone.
            engine: the URL of an engine whose workers take their place: ``dask://HOST:PORT``.
        Raises: as `harness.simulation.rehearsal.Rehearsal.simulate`; of the first world that cannot be simulated. What
            `harness.engines.gathering.gather` and `harness.engines.dask_engine.connected` raise.
        """
        told(0, len(self._settings))
        if jobs == 1 and engine is None and not self._revised:
            work = self._work()
            with kept_past(self._options.from_ledger):
                for place, each in enumerate(self._settings):
                    self._done[place] = work(each)
                    told(len(self._done), len(self._settings))
            return self.answers()
        past = None if engine or self._revised else self._options.from_ledger
        with kept_past(past), self._opened(jobs, engine) as (workers, parts):
            gather(workers, parts, self._done, told, "world", self._order())
        return self.answers()

    def answers(self) -> WhatIf:
        """What came of the worlds that are done."""
        done = [self._done[place] for place in sorted(self._done)]
        # Most findings are of the Dags and so of every world; a run that never ends may be of one alone.
        found = dict.fromkeys(finding for each in done for finding in self._findings(each))
        if not self._revised:
            found |= dict.fromkeys(self._rehearsal.folder.import_errors())
        return WhatIf(
            self._options.since,
            self._options.until,
            tuple(each.row for each in done),
            self._options.code,
            tuple(found),
            perf_counter() - self._began,
            len(self._settings),
        )

    def _order(self) -> list[int]:
        """Revision by revision: who has loaded the Dags of one simulates all of its worlds."""
        places = range(len(self._settings))
        return sorted(
            places, key=lambda place: self._revised.index(self._settings[place][REVISION]) if self._revised else 0
        )

    def _findings(self, done: SimulatedWorld) -> Iterable[Finding]:
        revision = self._revisions.get(done.row.settings.get(REVISION, ""))
        return done.findings if revision is None else map(revision.told, done.findings)

    def _work(self) -> partial[SimulatedWorld]:
        return partial(simulated_world, self._rehearsal, self._options, self._world, self._pools)

    @contextmanager
    def _opened(self, jobs: int, engine: str | None) -> Iterator[tuple[Engine, list[Any]]]:
        """Who simulates the worlds, and what each is given for it."""
        if self._revised:
            with self._revisions_opened(jobs, engine) as found:
                yield found
        elif engine is None:
            with LocalWorkers(min(jobs, len(self._settings)), self._work()).open() as local:
                yield local, self._settings
        else:
            with connected(engine, job_of(ENTRY, self._rehearsal.folder, self._portable())) as cluster:
                yield cluster, self._settings

    @contextmanager
    def _revisions_opened(self, jobs: int, engine: str | None) -> Iterator[tuple[Engine, list[Any]]]:
        if engine is not None:
            fact = f"{OPTION} checks revisions out on this machine, where the workers of an engine do not see them"
            raise UsageError(fact, fix="share the worlds with -j")
        whole = self._portable()
        with ExitStack() as stack:
            trees = trees_of(self._revised, whole.roots, stack)
            for name, tree in trees.items():
                job = job_of(ENTRY, self._rehearsal.folder, revised(whole, tree))
                self._revisions[name] = Revision(name, job, tree)
            served = stack.enter_context(ServedWorkers(min(jobs, len(self._settings))).open())
            yield served, [part_of(self._revisions, each) for each in self._settings]

    def _portable(self) -> PortableSimulation:
        rehearsal = self._rehearsal
        roots = tuple(map(Path, rehearsal.folder.roots))
        return PortableSimulation(roots, rehearsal.xcom_bytes, self._options, self._world, rehearsal.drivers)
