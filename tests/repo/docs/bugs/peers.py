"""What others say of the bugs: ``dag.test()``, ruff, pylint, the nearest plugin of pytest. They are run, for minutes.

A tool is asked about the file with the bug and about the mended one. What it says of the first alone counts, unless it
stands among what is about something else.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from tests.repo.docs.bugs.stories import Story, version

Said = dict[str, list[str]]
"""Story -> what is said of it."""
TOOLS = {
    "`dag.test()`": "apache-airflow-core",
    "ruff": "ruff",
    "pylint": "pylint",
    "in-a-box": "pytest-airflow-in-a-box",
}
"""Column -> package whose version is told."""
RUFF = "AIR,A,ARG,B,BLE,C4,DTZ,E4,E7,E9,F,G,PD,PERF,PL,RUF,S,SIM,T20,TRY,UP,W"
BESIDE = {
    ("ruff", "*"): ["E501", "PLR2004", "RUF100", "T201", "UP"],
    ("ruff", "callback_names_nobody"): ["F841"],  # F821 is it
    ("ruff", "swallowed_error"): ["SIM105"],
    ("ruff", "today_in_a_backfill"): ["ARG001"],
    ("pylint", "teardown_unseen"): ["W0106"],  # said of both, with the text of the line
    ("`dag.test()`", "api_at_import"): ["socket.gaierror", "urllib.error.URLError"],  # where the API is not reached
    ("in-a-box", "api_at_import"): ["Dag file import check failed"],
    ("in-a-box", "variable_at_import"): ["Dag file import check failed"],
}
"""(tool, story or ``*``) -> beginnings of what is not about the bug."""


@dataclass(frozen=True)
class Measured:
    """What the others said when they were last run.

    Attributes:
        versions: package -> version.
        verdicts: story -> tool -> what it said; a tool that said nothing is left out.
    """

    versions: Mapping[str, str]
    verdicts: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, file: Path) -> Measured:
        """From the file that `measured` fills."""
        document = json.loads(file.read_text(encoding="utf-8"))
        return cls(document["versions"], document["verdicts"])

    @property
    def tools(self) -> list[str]:
        """The columns."""
        return list(TOOLS)

    def says(self, tool: str, story: str) -> str:
        """What a tool says of a story; empty where it says nothing."""
        return self.verdicts[story].get(tool, "")


def measured(every: list[Story]) -> dict[str, Any]:
    """Run them all. Raises: FileNotFoundError, PackageNotFoundError: one is not installed."""
    verdicts: dict[str, dict[str, str]] = {story.name: {} for story in every}
    with tempfile.TemporaryDirectory() as scratch:
        bugs = _flat(Path(scratch) / "bug", every, mended=False)
        mended = _flat(Path(scratch) / "mended", every, mended=True)
        for tool, ask in _ASK.items():
            of_bugs = ask(bugs)
            of_mended = ask(mended.of(name for name, said in of_bugs.items() if said))
            again = ask(bugs.of(name for name, said in of_bugs.items() if said))  # once may be the machine's fault
            for story in every:
                silent = of_mended.get(story.name, ())
                new = [
                    one for one in of_bugs.get(story.name, ()) if one in again.get(story.name, ()) and one not in silent
                ]
                about = [one for one in new if not _is_beside(tool, story.name, one)]
                if about:
                    verdicts[story.name][tool] = about[0]
            if not any(tool in said for said in verdicts.values()):
                raise LookupError(f"{tool} finds nothing at all: it was not really asked")
            print(f"{tool}: {sum(tool in said for said in verdicts.values())} of {len(every)}", file=sys.stderr)
    return {
        "versions": {"Airflow": version_of("apache-airflow-core")}
        | {package: version_of(package) for package in list(TOOLS.values())[1:]},
        "verdicts": verdicts,
    }


@dataclass(frozen=True)
class Copies:
    """The stories as files in one folder, none of them with a mark.

    Attributes:
        root: ``dags/of/`` has the files, ``data/`` what they read.
        files: story -> its files.
    """

    root: Path
    files: Mapping[str, list[Path]]

    def of(self, names: Iterable[str]) -> Copies:
        """Only some stories of them; all lie there."""
        return Copies(self.root, {name: self.files[name] for name in names})

    def story_of(self, path: str) -> str:
        """The story that a file belongs to."""
        name = Path(path).name
        return next((story for story, files in self.files.items() if any(one.name == name for one in files)), "")

    def marks_of(self, story: str) -> list[str]:
        """What names a story in a message: its files and its Dags."""
        texts = [path.read_text(encoding="utf-8") for path in self.files[story]]
        dags = [f"`{one}`" for text in texts for one in re.findall(r'DAG\(\s*"(\w+)"', text)]
        return [f"{path.name}'" for path in self.files[story]] + dags


def _flat(root: Path, every: list[Story], mended: bool) -> Copies:
    folder = root / "dags" / "of"
    for one in (folder, root / "data"):
        one.mkdir(parents=True)
    (root / "data" / "orders.csv").write_text("id,item\n1,pear\n")
    files: dict[str, list[Path]] = {}
    for story in every:
        for file in story.files:
            copy = folder / (file.name if len(story.files) == 1 else f"{story.name}_{file.name}")
            copy.write_text(version(file.read_text(encoding="utf-8"), mended), encoding="utf-8")
            files.setdefault(story.name, []).append(copy)
    return Copies(root, files)


def _is_beside(tool: str, story: str, said: str) -> bool:
    beside = [*BESIDE.get((tool, "*"), ()), *BESIDE.get((tool, story), ())]
    return said.startswith(tuple(beside))


def _ruff(copies: Copies) -> Said:
    options = ["--isolated", "--no-cache", "--select", RUFF, "--output-format", "json", str(copies.root)]
    found = json.loads(_output([sys.executable, "-m", "ruff", "check", *options]))
    return _by_story((copies.story_of(one["filename"]), f"{one['code']} {one['message']}") for one in found)


def _pylint(copies: Copies) -> Said:
    files = [str(path) for path in sorted(copies.root.rglob("*.py"))]
    options = ["--rcfile", os.devnull, "-f", "json", "--disable", "C,R", "-j", "2", *files]
    found = json.loads(_output([sys.executable, "-m", "pylint", *options]))
    return _by_story((copies.story_of(one["path"]), f"{one['message-id']} {one['message']}") for one in found)


def _dag_test(copies: Copies) -> Said:
    given = json.dumps({story: [str(path) for path in files] for story, files in copies.files.items()})
    with tempfile.TemporaryDirectory() as home:
        worker = Path(__file__).with_name("dag_test_worker.py")
        told = _output([sys.executable, "-W", "ignore", str(worker), home, given], AIRFLOW_HOME=home)
    said: Said = json.loads(told.splitlines()[-1])
    return said


SMOKE = """\
[pytest]
airflow_forbid_catchup = true
airflow_forbid_top_level_io = true
airflow_forbid_top_level_variable_access = true
airflow_forbid_unbounded_expand = true
"""


def _in_a_box(copies: Copies) -> Said:
    (copies.root / "pytest.ini").write_text(SMOKE)
    options = [
        "-p",
        "no:airflow_harness",
        "-p",
        "no:cacheprovider",
        "--airflow-smoke",
        "--dag-folder=dags",
        "--tb=short",
    ]
    told = _output([sys.executable, "-m", "pytest", *options], cwd=copies.root)
    return _by_story(
        (story, said.replace(f"{copies.root}/", ""))
        for said in _smoked(told)
        for story in copies.files
        if any(mark in said for mark in copies.marks_of(story))
    )


def _smoked(told: str) -> list[str]:
    """What smoke tests say: a line that begins with ``Dag``; of a file that does not import, the error too."""
    found: list[list[str]] = []
    for line in told.partition("FAILURES")[2].partition("slowest")[0].splitlines():
        if line.startswith("Dag "):
            found.append([line])
        elif line.startswith(("___", "===")):
            found.append([])
        elif found and line.strip() and not line.endswith("| ok"):
            found[-1].append(line)
    return [
        f"{lines[0]} {lines[-1]}" if len(lines) > 1 else lines[0] for lines in found if lines and "Dag " in lines[0]
    ]


_ASK: dict[str, Callable[[Copies], Said]] = dict(zip(TOOLS, (_dag_test, _ruff, _pylint, _in_a_box), strict=True))


def _by_story(found: Iterable[tuple[str, str]]) -> Said:
    said: Said = {}
    for story, text in found:
        said.setdefault(story, []).append(" ".join(text.split()))
    return said


def _output(command: list[str], cwd: Path | None = None, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
    own = {**kept, **environment, "NO_COLOR": "1"}
    return subprocess.run(command, cwd=cwd, env=own, stdout=subprocess.PIPE, text=True, check=False).stdout
