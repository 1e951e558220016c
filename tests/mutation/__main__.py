"""``python -m tests.mutation``: plant faults in the engine, one at a time, and see whether the tests notice.

In a clone of the repository's last commit, so that nothing is touched here. Each fault runs the unit tests of its room
first, then those of the engine, until one fails. Survivors are printed as a diff; those that stand in ``alike.txt``
change nothing that anybody could see, and count as noticed.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants, sample

ROOT = Path(__file__).parents[2]
ALIKE = Path(__file__).with_name("alike.txt")
ROOMS = ("kernel", "scheduler", "simulation", "ledger")
GOAL = 0.95
LIMIT_S = 600


def main(arguments: list[str]) -> int:
    """Plant a sample of faults. Returns: 0 when at least `GOAL` of them were noticed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=100, help="faults to plant (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default 1)")
    parser.add_argument("--room", action="append", choices=ROOMS, help="only this room; may be repeated")
    parser.add_argument("--list", action="store_true", help="tell the sample, and plant nothing")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="airflow-harness-mutation-") as place:
        clone = Path(place, "clone")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        modules = sorted(path for room in asked.room or ROOMS for path in (clone / "harness" / room).rglob("*.py"))
        planted = sample(mutants(clone, modules), asked.sample, asked.seed)
        if asked.list:
            print(*planted, sep="\n")
            return 0
        return _judged(clone, planted)


def _judged(clone: Path, planted: list[Mutant]) -> int:
    from cosmic_ray.mutating import mutate_and_test

    alike = {line.split("  ")[0] for line in ALIKE.read_text().splitlines() if line and not line.startswith("#")}
    survivors, began = [], time.monotonic()
    for number, mutant in enumerate(planted, 1):
        source = (clone / mutant.module).read_text().splitlines()[mutant.line - 1].strip()
        name = f"{mutant.module} {mutant.operator} {source}"
        if name in alike:
            print(f"{number}/{len(planted)} alike: {name}", flush=True)
            continue
        result = mutate_and_test([mutant.spec], _suite(clone, mutant.module), LIMIT_S)
        outcome = result.test_outcome.value if result.test_outcome is not None else result.worker_outcome.value
        print(f"{number}/{len(planted)} {outcome}: {mutant}  ({time.monotonic() - began:.0f} s)", flush=True)
        if outcome == "survived":
            survivors.append((name, result.diff or ""))
        elif outcome != "killed":
            print(result.output, flush=True)
            return 2
    for name, diff in survivors:
        print(f"\nSURVIVED {name}\n{diff}")
    share = 1 - len(survivors) / len(planted)
    print(f"\n{len(planted) - len(survivors)} of {len(planted)} noticed ({share:.0%}); the goal is {GOAL:.0%}")
    return 0 if share >= GOAL else 1


def _suite(clone: Path, module: str) -> str:
    """The tests as a command: the nearest first, all of them from the clone."""
    room = module.split("/")[1]
    pytest = f"{shlex.quote(sys.executable)} -m pytest -q -x -p no:cacheprovider"
    near = f"tests/unit/{room}" if (clone / "tests/unit" / room).is_dir() else ""
    far = "tests/engine tests/unit/scheduler tests/unit/kernel tests/unit/bridge"
    steps = [f"{pytest} {near}"] * bool(near) + [f"{pytest} -n 2 {far}"]
    script = f"cd {shlex.quote(str(clone))} && export PYTHONPATH={shlex.quote(str(clone))} && " + " && ".join(steps)
    return f"sh -c {shlex.quote(script)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
