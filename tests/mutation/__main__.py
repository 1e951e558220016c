"""``python -m tests.mutation``: plant faults in the engine, one at a time, and see whether the tests notice.

In a clone of the repository's last commit, so that nothing is touched here. The suite runs once under coverage, which
tells who runs a line; then each fault has the tests that run its statement, in a fork of a process that has Airflow
imported: the unit tests of its room first, then the others, the shortest first, until one fails or the budget is spent.
A fault that nobody noticed by then survived, and is printed as a diff. A control, which changes nothing, is tried for
every room, and must survive.

Faults that stand in ``alike.txt`` change nothing that anybody could see, and count as noticed.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutation.forks import WarmProcess
from tests.mutation.mutants import each, mutants, sample
from tests.mutation.reach import Reach
from tests.mutation.trial import GOAL, Trial

ROOT = Path(__file__).parents[2]
ROOMS = ("kernel", "scheduler", "simulation", "ledger")


def main(arguments: list[str]) -> int:
    """Plant a sample of faults. Returns: 0 when at least `GOAL` of them were noticed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, help="faults to plant, of all together")
    parser.add_argument("--each", type=int, default=6, help="faults to plant a module (default 6)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default 1)")
    parser.add_argument("--room", action="append", choices=ROOMS, help="only this room; may be repeated")
    parser.add_argument("--only", default="", help="only modules whose path holds this text")
    parser.add_argument("--list", action="store_true", help="tell the sample, and plant nothing")
    parser.add_argument("--reach", type=Path, help="folder that keeps the measurement of who runs what")
    parser.add_argument("--budget", type=float, default=40.0, help="seconds of tests for one fault (default 40)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="airflow-harness-mutation-") as place:
        clone = Path(place, "clone")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        modules = sorted(path for room in options.room or ROOMS for path in (clone / "harness" / room).rglob("*.py"))
        found = list(mutants(clone, [path for path in modules if options.only in path.as_posix()]))
        planted = (
            sample(found, options.sample, options.seed) if options.sample else each(found, options.each, options.seed)
        )
        random.Random(options.seed).shuffle(planted)  # a run that is cut short says something of every room
        if options.list:
            print(*planted, sep="\n")
            return 0
        reach = _reach(clone, options.reach)
        tally = Trial(clone, reach, WarmProcess(clone, Path(place, "home")), options.budget).judge(planted)
        print(f"\ncommit {_commit(clone)}, seed {options.seed}, {len(planted)} of {len(found)} faults\n{tally}")
        return 0 if tally.share >= GOAL else 1


def _reach(clone: Path, kept: Path | None) -> Reach:
    data, times = clone.parent / "reach.coverage", clone.parent / "seconds.json"
    if kept is not None and (kept / data.name).exists():
        return Reach.read(kept / data.name, kept / times.name, clone)
    began = time.monotonic()
    reach = Reach.measured(clone)
    print(f"{len(reach.seconds)} tests measured ({time.monotonic() - began:.0f} s)", flush=True)
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(data, kept)
        shutil.copy(times, kept)
    return reach


def _commit(clone: Path) -> str:
    command = ["git", "-C", str(clone), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
