"""Which tests run a line: the suite once, under coverage with a context a test."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from coverage import CoverageData

SUITE = [f"tests/unit/{room}" for room in ("kernel", "scheduler", "simulation", "ledger", "exploration", "bridge")]
SUITE += ["tests/engine"]
"""What runs in this process. Tests of whole programs reach the engine too; here they notice nothing."""


@dataclass(frozen=True)
class Reach:
    """Who runs what.

    Attributes:
        of_lines: module -> line -> node ids of the tests that run it; "" for what runs at import.
        seconds: node id -> how long the test took, as measured under coverage.
        unseen: test files that set a trace function of their own: of what they run coverage sees a part.
    """

    of_lines: dict[str, dict[int, set[str]]]
    seconds: dict[str, float]
    unseen: tuple[str, ...] = ()

    @classmethod
    def measured(cls, clone: Path) -> Reach:
        """Run the suite once. Raises: RuntimeError: it fails without any fault planted."""
        data, times = clone.parent / "reach.coverage", clone.parent / "seconds.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.mutation.reach",
        ]
        # Not distributed, which our addopts ask for: as a controller of none, pytest-cov tells no test from another.
        command += ["--dist=no", "--cov=harness", "--cov-context=test", "--cov-report=", "--hypothesis-seed=0", *SUITE]
        environment = os.environ | {
            "PYTHONPATH": str(clone),
            "COVERAGE_FILE": str(data),
            "MUTATION_SECONDS": str(times),
        }
        ran = subprocess.run(command, cwd=clone, env=environment, text=True, stdout=subprocess.PIPE, check=False)
        if ran.returncode:
            raise RuntimeError(f"the suite fails as it is:\n{ran.stdout[-3000:]}")
        return cls.read(data, times, clone)

    @classmethod
    def read(cls, data: Path, times: Path, clone: Path) -> Reach:
        """What was measured before. Raises: RuntimeError: of no line it says which tests run it."""
        coverage = CoverageData(str(data))
        coverage.read()
        of_lines: dict[str, dict[int, set[str]]] = {}
        for path in coverage.measured_files():
            module = path[path.rindex("/harness/") + 1 :]
            of_line = of_lines.setdefault(module, {})
            for line, names in coverage.contexts_by_lineno(path).items():
                of_line.setdefault(line, set()).update(name.partition("|")[0] for name in names)
        if not any(names - {""} for of_line in of_lines.values() for names in of_line.values()):
            raise RuntimeError(f"{data} holds no contexts: coverage was told of no test")
        files = (path for folder in SUITE for path in sorted((clone / folder).rglob("test_*.py")))
        unseen = [path.relative_to(clone).as_posix() for path in files if "settrace(" in path.read_text("utf-8")]
        return cls(of_lines, json.loads(times.read_text()), tuple(unseen))

    def tests(self, module: str, source: str, line: int) -> list[str]:
        """The tests that run a line's statement, the shortest first.

        What runs at import concerns all tests of the module, and of its room. So does what no test is seen to run:
        where another traces, coverage sees nothing. Tests that trace themselves concern all lines of their room.
        """
        of_line = self.of_lines.get(module, {})
        concerned: set[str] = set()
        for number in _statement(source, line):
            concerned |= of_line.get(number, set())
        near = f"tests/unit/{module.split('/')[1]}/"
        if "" in concerned or not concerned:
            concerned = set[str]().union(*of_line.values()) | {name for name in self.seconds if name.startswith(near)}
        concerned |= {name for name in self.seconds if name.startswith(near) and name.partition("::")[0] in self.unseen}
        return sorted(concerned & self.seconds.keys(), key=lambda name: (self.seconds[name], name))


def _statement(source: str, line: int) -> Iterable[int]:
    """The lines of the smallest statement around a line; of one with a body, those before its body."""
    best = range(line, line + 1)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            if line <= end or (body and line == node.lineno):
                best = range(node.lineno, max(end, line) + 1)
    return best


_seconds: dict[str, float] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """As a plugin of the measured run: how long each test that passed took."""
    if not report.skipped:
        _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    """As a plugin of the measured run: written by the controller, which hears of all."""
    if not hasattr(session.config, "workerinput"):
        Path(os.environ["MUTATION_SECONDS"]).write_text(json.dumps(_seconds))
