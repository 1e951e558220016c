"""What the harness says of each bug: the gate's finding, or how the rehearsal fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.gate.check_result import shown_result
from harness.gate.inspection import CheckOptions, inspect
from harness.project.config import read_config
from harness.report.check_text import block
from harness.results.finding import Finding

_TITLE = re.compile(r"^_{3,} test_(\w+) _{3,}$")
_SECTION = re.compile(r"^-{3,} .+ -{3,}$")
_END = re.compile(r"^={3,} ")
_ITEM = re.compile(r"^Left contains .*item: ['\"](.*)['\"]$")
_PORT = re.compile(r"127\.0\.0\.1:\d+")
_RUNS_UNTIL_TODAY = re.compile(r"(?<=makes about )[\d,]+(?= runs)")
"""A number that is another one tomorrow."""
_ASIDE = ("+ ", "- ", "?", "Use -v")
"""Beginnings of lines in which pytest takes an assertion apart."""


def findings(root: Path) -> list[Finding]:
    """What ``airflow-harness check`` finds in a repository."""
    found = inspect(read_config(root), CheckOptions(cache=False, jobs=2))
    return list(shown_result(found.result, root, root).findings)


def as_shown(finding: Finding) -> str:
    """The finding's block, as on the screen, but for what only today says."""
    shown = "\n".join("".join(text for text, _ in line) for line in block(finding))
    return _RUNS_UNTIL_TODAY.sub("…", shown)


def rehearsed(root: Path) -> dict[str, str]:
    """Run the rehearsals: name of each that failed -> what pytest shows of it."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-n", "0", "tests"]
    own = {**_plain_environment(), "COLUMNS": "120", "NO_COLOR": "1"}
    ran = subprocess.run(command, cwd=root, env=own, capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):
        raise AssertionError(ran.stdout + ran.stderr)
    return {name: "\n".join(_told(lines)) for name, lines in _failures(ran.stdout)}


def commanded(root: Path, command: str) -> str:
    """What a command writes, in a line."""
    program = Path(sys.executable).with_name("airflow-harness")
    own = {**_plain_environment(), "COLUMNS": "400", "NO_COLOR": "1", "TMPDIR": str(root)}  # where ledgers are
    ran = subprocess.run([program, *command.split()], cwd=root, env=own, capture_output=True, text=True, check=False)
    return " ".join(ran.stdout.split())


def _plain_environment() -> dict[str, str]:
    """Ours, without what changes what is shown: pytest cuts long explanations, except where a CI server runs it."""
    aside = ("AIRFLOW", "PYTEST", "COV_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(aside) and name not in ("CI", "BUILD_NUMBER")
    }


def _failures(output: str) -> Iterator[tuple[str, list[str]]]:
    name, lines = "", list[str]()
    for line in output.splitlines():
        title = _TITLE.match(line)
        if title is not None or _END.match(line):
            if name:
                yield name, lines
            name, lines = (title[1] if title is not None else ""), []
        else:
            lines.append(line)


def _told(lines: list[str]) -> Iterator[str]:
    """pytest's explanation, without what takes it apart further; of a list that should be empty, what is in it."""
    every = [line.removeprefix("E  ").strip().removeprefix("AssertionError: ") for line in lines if line[:3] == "E  "]
    items = [one for text in every for one in _ITEM.findall(text)]
    kept = items or [text for text in every if text and not text.startswith(_ASIDE)]
    yield from (_PORT.sub("127.0.0.1:…", text) for text in kept)
