"""Faults planted one by one, and what the tests made of them."""

from __future__ import annotations

import contextlib
import difflib
import os
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from tests.mutation.forks import TIMEOUT, Notice, WarmProcess
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
        began, controlled = time.monotonic(), set[str]()
        found: dict[int, Notice | None] = {}
        for number, mutant in enumerate(planted, 1):
            room = mutant.module.split("/")[1]
            if room not in controlled:
                controlled.add(room)
                self._control(mutant)
            found[number] = self._try(mutant, ())
            print(f"{number}/{len(planted)} {self._told(mutant, found[number])}", end="", flush=True)
            print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
        late = self._not_passing(dict.fromkeys(notice.test for notice in found.values() if notice is not None))
        for number, mutant in enumerate(planted, 1):
            notice = found[number]
            if notice is not None and notice.test in late:
                found[number] = self._try(mutant, late)
                print(f"again without it: {self._told(mutant, found[number])}", flush=True)
        tally = Tally()
        for number, mutant in enumerate(planted, 1):
            tally.add(mutant.module.split("/")[1], found[number] is not None)
        return tally

    def _try(self, mutant: Mutant, aside: Collection[str]) -> Notice | None:
        """Who notices a fault, tests that are set aside left out; None when it survives."""
        source = (self._clone / mutant.module).read_text()
        faulty = _faulty(source, mutant)
        if set(_names(source, faulty, mutant)) & self._alike:
            return Notice("", "alike", "")
        while True:
            noticed = self._noticed(mutant, source, faulty, aside)
            if noticed is None or noticed.how != TIMEOUT or not self._not_passing([noticed.test]):
                return noticed
            aside = {*aside, noticed.test}

    def _not_passing(self, tests: Iterable[str]) -> set[str]:
        """Those that do not pass without a fault either: on a busy machine they are late, and have noticed nothing."""
        left, late = [test for test in tests if test], set[str]()
        while left:
            notice = self._process.run(left, self._reach.seconds, self._log)
            if notice is None:
                break
            print(f"{notice.test} does not pass without a fault either, and is set aside", flush=True)
            late.add(notice.test)
            left = [test for test in left if test not in late]
        return late

    def _told(self, mutant: Mutant, notice: Notice | None) -> str:
        if notice is not None:
            return f"{mutant}: {notice}"
        source = (self._clone / mutant.module).read_text()
        faulty = _faulty(source, mutant)
        _, one = _names(source, faulty, mutant)
        return f"{mutant}: SURVIVED\n{one}\n{_diff(source, faulty)}\n"

    def _control(self, mutant: Mutant) -> None:
        source = (self._clone / mutant.module).read_text()
        noticed = self._noticed(mutant, source, source + "\n# nothing\n", ())
        if noticed is not None and self._not_passing([noticed.test]):
            raise RuntimeError(f"{mutant}: noticed where nothing was planted: {noticed}\n{self._log.read_text()}")

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


def _faulty(source: str, mutant: Mutant) -> str:
    return mutate_code(source, get_operator(mutant.spec.operator_name)(), mutant.spec.occurrence)


def _names(source: str, faulty: str, mutant: Mutant) -> tuple[str, str]:
    """How ``alike.txt`` calls the faults of a line, and this one alone."""
    name = f"{mutant.module} {mutant.operator} {_line(source, mutant)}"
    return name, f"{name} -> {_line(faulty, mutant)}"


def _line(text: str, mutant: Mutant) -> str:
    return " ".join(text.splitlines()[mutant.line - 1].split())


def _diff(source: str, faulty: str) -> str:
    lines = difflib.unified_diff(source.splitlines(), faulty.splitlines(), n=2, lineterm="")
    return "\n".join(list(lines)[2:])
