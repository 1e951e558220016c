"""``import-error``, and what a requirements file says of the package that is missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.checks.context import FileContext, Judgement, Note
from harness.checks.registry import check
from harness.project.installed import version_of
from harness.results.finding import Problem


def gather(file: FileContext) -> list[dict[str, Any]] | None:
    """What a file raised, but for what comes from our not letting it reach something (``top-level-io`` tells that)."""
    advice = [{"dag_id": dag_id, **failure.to_json()} for dag_id, failure in file.failures if not failure.refused]
    return advice or None


@check("import-error", level="repository", gather=gather, gathers="file")
def import_error(notes: list[Note], judgement: Judgement) -> Iterator[Problem]:
    """A file that raises, exits, crashes, hangs or eats memory.

    Production shows a banner that nobody reads, and runs the Dag no more: the last good version of it goes on being
    scheduled for a while, then it is gone. A package that is not installed is told once for all the files that need it.

    Correct the file; the line is the last one of yours that was at work. Names of Airflow 2 are told with the ones that
    Airflow 3 has (ruff's AIR301, AIR302, AIR311 and AIR312 tell more of them). Do work in tasks, not in the file.
    """
    failures = [(note.path, failure) for note in notes for failure in note.value]
    yield from _packages([(path, one) for path, one in failures if one["missing"]], judgement)
    modules: dict[tuple[Any, ...], list[tuple[str, dict[str, Any]]]] = {}
    for path, one in failures:
        if one["missing"]:
            continue
        if one["where"]:
            modules.setdefault((*one["where"], one["message"]), []).append((path, one))
        else:
            yield Problem(one["message"], None, one["line"], one["path"], one["fix"], one["dag_id"], of=path)
    for (path, line, message), met in modules.items():
        said = _with_files(message, [file for file, _ in met])
        yield Problem(said, line=line, path=path, fix=met[0][1]["fix"], of=met[0][0])


def _packages(failures: list[tuple[str, dict[str, Any]]], judgement: Judgement) -> Iterator[Problem]:
    """One finding for all packages that are missing, at the first file that needs one."""
    if not failures:
        return
    files = Counter(package for package, _ in {(one["missing"], path) for path, one in failures})
    shown = ", ".join(f"{package} ({_files(count)})" for package, count in sorted(files.items()))
    how_many = "a package is" if len(files) == 1 else f"{len(files)} packages are"
    first, cause = min(failures, key=lambda failure: (failure[0], failure[1]["line"]))
    path, line = cause["where"] or (cause["path"], cause["line"])
    fix = _install({one["missing"]: one["fix"] for _, one in failures}, judgement.requirements)
    yield Problem(f"{how_many} not installed here: {shown}", path=path, line=line, of=first, fix=fix)


def _install(fixes: dict[str, str], requirements: str | None) -> str:
    """How to install packages that are missing.

    Args:
        fixes: of each, what to do about it alone; what does not begin with ``pip`` nobody knows for sure.
        requirements: the repository's own file: the way, where it names them and is meant for the Airflow that is here.
    """
    listed = Requirements.of(requirements) if requirements else None
    if listed is not None and listed.fits and all(listed.names(package) for package in fixes):
        return f"pip install -r {requirements}"
    sure = sorted(package for package, fix in fixes.items() if fix.startswith("pip install"))
    rest = [fix for _, fix in sorted(fixes.items()) if not fix.startswith("pip install")]
    advice = ([f"pip install {' '.join(sure)}"] if sure else []) + rest[:2]
    if listed is not None and not listed.fits:
        advice.append(
            f"{Path(requirements or '').name} is for Airflow {listed.airflow}, not for the one that is installed"
        )
    return "; ".join(advice)


def _with_files(message: str, files: list[str]) -> str:
    return message if len(files) == 1 else f"{message} ({_files(len(files))} import it)"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


_NAME = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)", re.MULTILINE)
_PINS = re.compile(
    r"^\s*apache[-_.]airflow(?:[-_.]core)?\s*(?:\[[^\]]*\])?\s*==\s*([\w.]+)", re.MULTILINE | re.IGNORECASE
)
_CONSTRAINTS = re.compile(r"constraints-(\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class Requirements:
    """A requirements file.

    Attributes:
        packages: canonical names.
        airflow: the version that it pins; None when it pins none.
    """

    packages: frozenset[str]
    airflow: str | None = None

    @classmethod
    def of(cls, path: str) -> Requirements:
        """The file; one that cannot be read names nothing."""
        try:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        pinned = _PINS.search(text) or _CONSTRAINTS.search(text)
        return cls(frozenset(map(_canonical, _NAME.findall(text))), pinned[1] if pinned else None)

    def names(self, package: str) -> bool:
        """Whether it names a package."""
        return _canonical(package) in self.packages

    @property
    def fits(self) -> bool:
        """Whether to install it leaves Airflow as it is."""
        return self.airflow is None or self.airflow in (version_of("apache-airflow"), version_of("apache-airflow-core"))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
