"""Faults planted one by one, and what the tests made of them."""

from __future__ import annotations

import contextlib
import difflib
import os
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from tests.mutation.forks import Notice, WarmProcess
from tests.mutation.mutants import Mutant
from tests.mutation.reach import Reach

ALIKE = Path(__file__).with_name("alike.txt")
GOAL = 0.95


@dataclass
class Tally:
    """How many faults were planted and noticed, by room."""

    planted: Counter[str] = field(default_factory=Counter)
    noticed: Counter[str] = field(default_factory=Counter)

    def add(self, room: str, noticed: bool) -> None:
        """One more."""
        self.planted[room] += 1
        self.noticed[room] += noticed

    @property
    def share(self) -> float:
        """Noticed, of all."""
        return self.noticed.total() / max(1, self.planted.total())

    def __str__(self) -> str:
        rows = [
            f"{room}: {self.noticed[room]} of {number} noticed ({self.noticed[room] / number:.1%})"
            for room, number in sorted(self.planted.items())
        ]
        whole = f"{self.noticed.total()} of {self.planted.total()} noticed ({self.share:.1%}); the goal is {GOAL:.0%}"
        return "\n".join([*rows, whole])


class Trial:
    """Plants faults in a clone.

    Args:
        budget_s: of tests for one fault, as long as they take without it.
    """

    def __init__(self, clone: Path, reach: Reach, process: WarmProcess, budget_s: float) -> None:
        self._clone, self._reach, self._process, self._budget_s = clone, reach, process, budget_s
        self._log = clone.parent / "log.txt"
        lines = ALIKE.read_text().splitlines()
        self._alike = {line.partition("  ")[0] for line in lines if line and not line.startswith("#")}
        self._planted = 0

    def judge(self, planted: Sequence[Mutant]) -> Tally:
        """Plant each, alone. Raises: RuntimeError: tests fail where nothing was planted."""
        tally, began, controlled = Tally(), time.monotonic(), set[str]()
        for number, mutant in enumerate(planted, 1):
            room = mutant.module.split("/")[1]
            if room not in controlled:
                controlled.add(room)
                self._control(mutant)
            source = (self._clone / mutant.module).read_text()
            operator = get_operator(mutant.spec.operator_name)()
            faulty = mutate_code(source, operator, mutant.spec.occurrence)
            name = f"{mutant.module} {mutant.operator} {_line(source, mutant)}"
            one = f"{name} -> {_line(faulty, mutant)}"
            outcome = "alike" if {name, one} & self._alike else self._outcome(mutant, source, faulty) or "SURVIVED"
            tally.add(room, outcome != "SURVIVED")
            print(f"{number}/{len(planted)} {mutant}: {outcome}  ({time.monotonic() - began:.0f} s)", flush=True)
            if outcome == "SURVIVED":
                print(f"{one}\n{_diff(source, faulty)}\n", flush=True)
        return tally

    def _control(self, mutant: Mutant) -> None:
        source = (self._clone / mutant.module).read_text()
        noticed = self._noticed(mutant, source, source + "\n# nothing\n", ())
        if noticed is not None and not self._passes(noticed.test):
            raise RuntimeError(f"{mutant}: noticed where nothing was planted: {noticed}\n{self._log.read_text()}")

    def _outcome(self, mutant: Mutant, source: str, faulty: str) -> str:
        aside: list[str] = []
        while True:
            noticed = self._noticed(mutant, source, faulty, aside)
            # On a busy machine a test may be late, or hang, without any fault: then it has noticed nothing.
            if noticed is None or self._passes(noticed.test):
                return "" if noticed is None else str(noticed)
            print(f"{noticed.test} does not pass without a fault either, and is set aside", flush=True)
            aside.append(noticed.test)

    def _noticed(self, mutant: Mutant, source: str, faulty: str, aside: Collection[str]) -> Notice | None:
        near, left_s = f"tests/unit/{mutant.module.split('/')[1]}/", self._budget_s
        tests: dict[bool, list[str]] = {True: [], False: []}
        reached = self._reach.tests(mutant.module, source, mutant.line)
        for name in sorted(reached, key=lambda one: not one.startswith(near)):
            left_s -= self._reach.seconds[name]
            if left_s > 0 and name not in aside:
                tests[name.startswith(near)].append(name)
        with self._changed(self._clone / mutant.module, source, faulty):
            found = (self._process.run(chosen, self._reach.seconds, self._log) for chosen in tests.values() if chosen)
            return next((notice for notice in found if notice is not None), None)

    def _passes(self, test: str) -> bool:
        """Whether it does without a fault."""
        return self._process.run([test], self._reach.seconds, self._log) is None

    @contextlib.contextmanager
    def _changed(self, module: Path, source: str, faulty: str) -> Iterator[None]:
        """The times of change differ by whole seconds, which is what byte code goes by."""
        former = module.stat().st_mtime_ns
        self._planted += 1
        module.write_text(faulty)
        os.utime(module, (self._planted, self._planted))
        try:
            yield
        finally:
            module.write_text(source)
            os.utime(module, ns=(former, former))


def _line(text: str, mutant: Mutant) -> str:
    return " ".join(text.splitlines()[mutant.line - 1].split())


def _diff(source: str, faulty: str) -> str:
    lines = difflib.unified_diff(source.splitlines(), faulty.splitlines(), n=2, lineterm="")
    return "\n".join(list(lines)[2:])
