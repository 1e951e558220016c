"""``python -m tests.differential``: many generated cases through the simulator and through Airflow, and the canaries.

    python -m tests.differential --runs 200 --schedules 20 --canaries      what CI does
    python -m tests.differential --runs 5000 --schedules 500 --write       the soak; figures go to docs/fidelity.json
    python -m tests.differential --level scheduler --case 17               one case again, told in full

Exit codes: 0 all agree and every canary was found; 1 not so; 2 the command line cannot mean anything.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.bridge.patches.shortcuts import VARIABLE
from tests.differential.oracle.orphans import end_with_owner

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "docs" / "fidelity.json"
SCHEMA = "airflow-harness/fidelity/2"
SEED = 3
EVERY = 25
LIMIT_S = 900
"""Real seconds for a case: long ones take half a minute of a processor's time, and a soak shares the machine."""
SAID = """\
On Airflow {airflow}, {runs:,} generated Dags ended as Airflow's own `dag.test()` ends them ({runs_different} differ),
and {schedules:,} generated schedules of several Dags went, state by state and instant by instant, as Airflow's own
`SchedulerJobRunner` has them go ({schedules_different} differ). {found} of {canaries} wrong rules, planted on purpose,
were found by the same cases. [How](docs/fidelity.md#how-it-is-proven), and what differs on purpose.
"""
_oracle: Any = None


def main(arguments: list[str]) -> int:
    """Compare, print, and perhaps write the figures."""
    asked = _parser().parse_args(arguments)
    if asked.no_shortcuts:
        os.environ[VARIABLE] = "off"  # before the first process is started: all of them have it
    if asked.case is not None:
        return _one(asked.level, asked.seed, asked.case)
    commit = _commit()
    figures: dict[str, Any] = {"schema": SCHEMA, "seed": asked.seed, **_versions()}
    good = True
    for level, count in (("run", asked.runs), ("scheduler", asked.schedules)):
        if count:
            began = time.time()
            bad = [number for number, _ in _compared(level, asked.seed, asked.first, count, asked.jobs)]
            good &= not bad
            figures[level] = {"cases": count, "different": len(bad), "cases_different": bad}
            figures[level] |= {"seconds": round(time.time() - began), "commit": commit}
    if asked.canaries:
        figures["canaries"] = _canaries(asked.seed, asked.runs, asked.schedules, asked.jobs)
        good &= None not in figures["canaries"].values()
    print(json.dumps(figures, indent=2))
    if asked.write:
        _write(figures)
    return 0 if good else 1


def _write(figures: dict[str, Any]) -> None:
    """Write the figures; a level that was not asked for keeps those of its last soak, of the same seed and versions."""
    former = json.loads(FIGURES.read_text(encoding="utf-8"))
    alike = all(former.get(name) == figures[name] for name in ("schema", "seed", "airflow", "python"))
    if alike:
        canaries = {**former.get("canaries", {}), **figures.get("canaries", {})}
        figures = {**former, **figures, "canaries": canaries}
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(in_readme(readme.read_text(encoding="utf-8"), figures), encoding="utf-8")


def in_readme(page: str, figures: dict[str, Any]) -> str:
    """The page with what the figures say between its two comments."""
    before, mark, rest = page.partition("<!-- fidelity: python -m tests.differential --write -->\n")
    _, end, after = rest.partition("<!-- end of fidelity -->")
    canaries = figures.get("canaries", {})
    told = {
        "airflow": figures["airflow"],
        "runs": figures["run"]["cases"],
        "runs_different": figures["run"]["different"],
        "schedules": figures["scheduler"]["cases"],
        "schedules_different": figures["scheduler"]["different"],
        "found": sum(number is not None for number in canaries.values()),
        "canaries": len(canaries),
    }
    said = SAID.format(**told)
    return before + mark + said + end + after


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--runs", type=int, default=0, help="cases at run level")
    parser.add_argument("--schedules", type=int, default=0, help="cases at scheduler level")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--canaries", action="store_true", help="plant wrong rules; each must be found by the cases")
    parser.add_argument("--jobs", "-j", type=int, default=2, help="processes")
    parser.add_argument("--write", action="store_true", help=f"write {FIGURES.relative_to(ROOT)}")
    parser.add_argument(
        "--no-shortcuts", action="store_true", help=f"with {VARIABLE}=off: only what has to be replaced"
    )
    parser.add_argument("--level", choices=("run", "scheduler"), default="run", help="of --case")
    parser.add_argument("--case", type=int, help="one case again, in full, and the smallest that still differs")
    return parser


def _commit() -> str:
    told = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


def _versions() -> dict[str, str]:
    return {
        "airflow": version("apache-airflow-core"),
        "providers_standard": version("apache-airflow-providers-standard"),
        "python": platform.python_version(),
    }


def _compared(level: str, seed: int, first: int, count: int, jobs: int) -> Iterator[tuple[int, list[str]]]:
    """(number, differences) of the cases that differ, told as they are found."""
    began, differing = time.time(), 0
    with processes(jobs) as pool:
        numbers = range(first, first + count)
        answers = pool.map(_compare, *zip(*((level, seed, number) for number in numbers), strict=True))
        for done, (number, found) in enumerate(zip(numbers, answers, strict=True), 1):
            if found:
                differing += 1
                print(f"{level} level, seed {seed}, case {number}:", *found[:6], sep="\n  ", flush=True)
                yield number, found
            if done % EVERY == 0 or done == count:
                print(f"{level} level: {done}/{count}, {differing} differ, {time.time() - began:.0f} s", flush=True)


def processes(jobs: int) -> ProcessPoolExecutor:
    """A pool whose processes say nothing, and end with this one."""
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_quiet)


def _quiet() -> None:
    """Begin a process of the pool: what Airflow and Dag files print is not ours to tell."""
    end_with_owner()
    warnings.simplefilter("ignore")
    sys.stdout = sys.stderr = open("/dev/null", "w")  # noqa: PTH123, SIM115 - as long as the process


def _compare(level: str, seed: int, number: int) -> list[str]:
    from tests.differential.agree import disagreements, drawn

    return beside_airflow(lambda oracle: disagreements(level, drawn(level, seed, number), oracle), LIMIT_S)


def beside_airflow(compare: Callable[[Any], list[str]], limit_s: float) -> list[str]:
    """The differences that a comparison finds, or why there is none, in a process which keeps its oracle."""
    from tests.differential.oracle.client import Oracle, OracleError

    global _oracle
    _oracle = _oracle or Oracle(limit_s=limit_s)
    try:
        return compare(_oracle)
    except OracleError as error:
        _oracle = None
        return [f"no answer from Airflow: {str(error)[-1500:]}"]
    except Exception as error:
        return [f"the simulator raised {type(error).__name__}: {error}"]


def _canaries(seed: int, runs: int, schedules: int, jobs: int) -> dict[str, int | None]:
    """Family of rules -> number of the case that told its canary; of the levels that have cases."""
    from tests.differential.canaries import CANARIES

    with processes(jobs) as pool:
        counts = [runs if canary.level == "run" else schedules for canary in CANARIES]
        asked = [index for index, count in enumerate(counts) if count]
        found = pool.map(_canary, asked, [seed] * len(asked), [counts[index] for index in asked])
        told = {CANARIES[index].family: number for index, number in zip(asked, found, strict=True)}
    for family, number in told.items():
        print(f"canary {family!r}: {'NOT FOUND' if number is None else f'found by case {number}'}", flush=True)
    return told


def _canary(index: int, seed: int, count: int) -> int | None:
    from tests.differential.canaries import CANARIES, found_at

    return found_at(CANARIES[index], seed, count)


def _one(level: str, seed: int, number: int) -> int:
    """A case in full, and the smallest one near it that still differs."""
    from tests.differential.agree import disagreements, drawn, smallest, told
    from tests.differential.oracle.client import Oracle

    with Oracle() as oracle, contextlib.redirect_stdout(sys.stderr):
        case = drawn(level, seed, number)
        found = disagreements(level, case, oracle)
        if found:
            case = smallest(case, lambda other: bool(disagreements(level, other, oracle)))
            found = disagreements(level, case, oracle)
    print(told(level, case, found or ["no difference"]))
    return 1 if found else 0
