"""Runs a page of documentation: its blocks in order, in a folder of its own, with this environment's programs.

A page begins in a copy of the checkout without the package and its tests, so that it is the installed package that
runs; or, where it holds the comment ``<!-- begins: empty folder -->``, in an empty one. A page for those who change
the package holds ``<!-- begins: whole checkout -->``: it begins in a copy of everything, under git, and what runs is
the package of that copy.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from tests.repo.docs.blocks import Block, blocks, commands
from tests.repo.sources import ROOT, files

DOCUMENTED = "3.3"  # with another Airflow, a captured command has to succeed and may print something else
EMPTY = "<!-- begins: empty folder -->"
WHOLE = "<!-- begins: whole checkout -->"
LEFT_OUT = {"airflow_harness_pytest.py", "harness", "tests", "conftest.py", "tox.ini", "toxfile.py"}

# `pip install X` on a page: X is here already, or the page is wrong for this environment.
PIP = f"""#!{sys.executable}
import importlib.metadata, re, sys
wanted = [re.split(r"[\\[<>=!~; ]", word)[0] for word in sys.argv[2:] if not word.startswith("-")]
assert sys.argv[1:2] == ["install"] and wanted, f"only 'pip install NAME ...' can be on a page, not {{sys.argv[1:]}}"
for word in wanted:
    try:
        importlib.metadata.version("airflow-harness" if word == "." else word)
    except importlib.metadata.PackageNotFoundError:
        sys.exit(f"{{word}} is not in this environment: add it to the group 'test', or tag the block by=FILE or text")
"""


_REAL_TIME = re.compile(r" *\((?:\d+ min )?[\d.]+ m?s real\)")
_PROGRESS = re.compile(r"airflow-harness: .* so far")


class BlockFailed(AssertionError):
    """A block of a page that does not do what the page says."""


@dataclass(frozen=True)
class Runner:
    """Runs blocks in ``folder``; programs of its own and the home of the user it plays are in ``aside``."""

    folder: Path
    aside: Path

    def page(self, text: str, where: str, has: str = "") -> int:
        """Run the blocks that need nothing, or else those that need what is named; their number.

        Raises: BadBlock, BlockFailed: with the page and the line.
        """
        self.begin(empty=EMPTY in text, whole=WHOLE in text)
        ran = 0
        for block in blocks(text):
            saved = self._saved(block)
            if block.tags.get("needs", "") != has:
                continue
            ran += 1
            try:
                self._block(block, saved)
            except BlockFailed as error:
                raise BlockFailed(f"{where}:{block.line}: {error}") from None
        return ran

    def begin(self, empty: bool, whole: bool = False) -> None:
        """Lay the folders."""
        for folder in (self.folder, self.aside / "bin", self.aside / "home"):
            folder.mkdir(parents=True)
        (self.aside / "bin" / "pip").write_text(PIP)
        (self.aside / "bin" / "pip").chmod(0o755)
        for path in () if empty else files():
            relative = path.relative_to(ROOT)
            if whole or relative.parts[0] not in LEFT_OUT:
                (self.folder / relative).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, self.folder / relative)
        if whole:  # tests of the repository ask git which files there are
            subprocess.run(["git", "init", "--quiet"], cwd=self.folder, check=True)
            subprocess.run(["git", "add", "--all"], cwd=self.folder, check=True)

    def _saved(self, block: Block) -> str:
        """The file that a block is saved in; empty for one that is not."""
        saved = block.tags.get("file") or (
            block.tags["test"] or f"test_line_{block.line}.py" if "test" in block.tags else ""
        )
        if saved:
            (self.folder / saved).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / saved).write_text(block.text)
        return saved

    def _block(self, block: Block, saved: str) -> None:
        if block.capture:
            shown = self.shell(block.capture, block)
            if version("apache-airflow-core").startswith(f"{DOCUMENTED}.") and not alike(block.text, shown):
                raise BlockFailed(f"{block.capture}\nprints\n{shown}\nand not\n{block.text}")
        elif "test" in block.tags:
            self._run([sys.executable, "-m", "pytest", "-q", saved], block)
        elif block.language == "console":
            self._console(block)
        elif block.language == "python" and not saved:
            (self.aside / "block.py").write_text(block.text)
            self._run([sys.executable, str(self.aside / "block.py")], block)
        elif block.language in ("json", "toml", "yaml"):
            _valid(block)

    def _console(self, block: Block) -> None:
        every = commands(block)
        if by := block.tags.get("by"):
            lines = {line.strip() for line in (ROOT / by).read_text().splitlines()}
            if missing := [command.text for command in every if command.text not in lines]:
                raise BlockFailed(f"{by} does not run these lines: {missing}")
            return
        for number, command in enumerate(every, 1):
            code = int(block.tags.get("exit", 0)) if number == len(every) else 0
            shown = self.shell(command.text, block, code)
            if "output" in block.tags and not alike(command.output, shown):
                raise BlockFailed(f"$ {command.text}\nprints\n{shown}\nand not\n{command.output}")

    def shell(self, command: str, block: Block, code: int = 0) -> str:
        """What a command prints. Raises: BlockFailed: if it ends with another code."""
        return self._run(["bash", "-euo", "pipefail", "-c", command], block, code)

    def _run(self, command: list[str], block: Block, code: int = 0) -> str:
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=block.timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise BlockFailed(f"is not done after {block.timeout:g} s\n{block.text}\n{output}") from None
        if process.returncode != code:
            raise BlockFailed(f"ends with {process.returncode}, not with {code}\n{block.text}\n{output}")
        return output

    def _environment(self) -> dict[str, str]:
        """Ours without what a test run or a user has set, so that a page does the same everywhere."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST", "COV_"))}
        programs = os.pathsep.join([str(self.aside / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        whole = {"PYTHONPATH": str(self.folder)} if (self.folder / "harness").is_dir() else {}
        own = {"PATH": programs, "HOME": str(self.aside / "home"), "COLUMNS": "100", "NO_COLOR": "1"}
        return kept | own | whole


def alike(expected: str, shown: str) -> bool:
    """Equal but for real durations, blanks at the ends of lines, and lines that say how far it is, on a slow machine.

    ``...`` in what is expected stands for anything.
    """
    return doctest.OutputChecker().check_output(_plain(expected), _plain(shown), doctest.ELLIPSIS)


def _plain(text: str) -> str:
    told = (line for line in text.strip("\n").splitlines() if not _PROGRESS.match(line))
    lines = (_REAL_TIME.sub("(real)", line).rstrip() for line in told)
    return "\n".join(lines) + "\n"


def _valid(block: Block) -> None:
    try:
        if block.language == "yaml":
            list(yaml.safe_load_all(block.text))
        elif block.language == "json":
            json.loads(block.text)
        else:
            toml(block.text)
    except (ValueError, yaml.YAMLError) as error:
        raise BlockFailed(f"is not valid {block.language}: {error}") from None


def toml(text: str) -> dict[str, Any]:
    """A TOML document. Raises: ValueError."""
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    document: dict[str, Any] = tomllib.loads(text)
    return document
