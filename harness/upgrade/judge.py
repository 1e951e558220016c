"""One pass over a repository: every name of Airflow in every file, put before the installed Airflow once."""

from __future__ import annotations

import os
import zipfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from harness import upgrade
from harness.bridge.airflow2 import ARGUMENTS, provider_of
from harness.bridge.installed_names import DEPRECATED, GONE, MISSING, answers_of
from harness.project import BUILT, WRITTEN, own_folders
from harness.upgrade import Upgrade, UpgradeRow, advice
from harness.upgrade.uses import (
    SUFFIXES,
    AirflowName,
    SourceLine,
    Uses,
    callables_in,
    names_in_python,
    names_in_template,
)

Verdict = tuple[str, "str | None"]
"""State of a name and what to write instead."""


def upgrade_of(folders: list[Path], base: Path, on_text: Callable[[int], None] = lambda _: None) -> Upgrade:
    """Look at a repository.

    Args:
        folders: folders and files to look below.
        base: what paths are relative to.
        on_text: called with how many texts were read.
    Raises: AirflowUnusable: the installed Airflow does not import.
    """
    began = perf_counter()
    files = list(files_below(folders))
    uses = _uses(files, base, on_text)
    answers = answers_of(_job(uses))
    judge = _Judge(answers, _gone(answers))
    rows = [
        UpgradeRow(name, *verdict, tuple(sorted(uses[name]))) for name in sorted(uses) if (verdict := judge.of(name))
    ]
    rows.sort(key=lambda row: (row.state != upgrade.GONE, -len(row.places), row.name))
    airflow = version("apache-airflow-core")
    return Upgrade(airflow, tuple(_without_echoes(rows)), len(files), judge.not_installed(), perf_counter() - began)


def _uses(files: list[Path], base: Path, on_text: Callable[[int], None]) -> Uses:
    """Every name in every file."""
    texts = [text for path in files for text in texts_of(path)]
    callables = {name for path, text in texts if path.endswith(".py") for name in callables_in(text)}
    uses: Uses = defaultdict(set)
    for count, (path, text) in enumerate(texts, 1):
        on_text(count)
        shown = Path(os.path.relpath(path, base)).as_posix()
        if path.endswith(".py"):
            for name, line in names_in_python(text, callables):
                uses[name].add(SourceLine(shown, line))
        else:
            for name, line in names_in_template(text):
                if name.text != "conf":  # too plain a word: templates of other programs have it too
                    uses[name].add(SourceLine(shown, line))
    return uses


def _job(uses: Uses) -> dict[str, Any]:
    """What is to be asked of the installed Airflow."""
    names = {_dotted(name) for name in uses if name.kind in ("import", "member")}
    arguments: dict[str, list[str]] = defaultdict(list)
    for name in sorted(uses):
        if name.kind == "argument":
            arguments[name.owner].append(name.text)
    return {"names": sorted(names), "arguments": arguments, "fields": advice.ATTRIBUTES}


def _dotted(name: AirflowName) -> str:
    return f"{name.owner}.{name.text}" if name.text else name.owner


def _gone(answers: dict[str, Any]) -> list[str]:
    return [name for name, (state, _) in answers["names"].items() if state in (GONE, MISSING, DEPRECATED)]


class _Judge:
    """Verdicts over names.

    Args:
        answers: see `harness.bridge.installed_names.answers_of`.
        gone: names that need an advice.
    """

    def __init__(self, answers: dict[str, Any], gone: Collection[str]) -> None:
        self._answers = answers
        self._public = set(answers["public"])
        self._moved = advice.moved_by_ruff(gone)

    def of(self, name: AirflowName) -> Verdict | None:
        """The state of a name and what to write instead; None where nothing is the matter."""
        match name.kind:
            case "import" | "member":
                return self._import(_dotted(name))
            case "argument":
                return self._argument(name)
            case "value":
                old = name.text in advice.RULES and name.text not in self._answers["rules"]
                return (upgrade.GONE, f'trigger_rule="{advice.RULES[name.text]}"') if old else None
            case "context":
                old = name.text in advice.CONTEXT and name.text not in self._answers["context"]
                return (upgrade.GONE, advice.CONTEXT[name.text]) if old else None
            case "field":
                owner = "ti" if name.owner == "task_instance" else name.owner
                instead = advice.FIELDS.get((owner, name.text))
                gone = name.text in advice.ATTRIBUTES.get(owner, ()) and name.text not in self._answers["fields"][owner]
                return (upgrade.GONE, instead or advice.NO_FIELD) if instead or gone else None
            case "default":
                instead = ARGUMENTS.get(name.text) or advice.NO_EFFECT.get(name.text)
                return (upgrade.OLD, f"{instead}; nothing reads it") if instead else None
        return upgrade.GONE, f"save it as Python 3: {name.text}"

    def _import(self, name: str) -> Verdict | None:
        state, words = self._answers["names"][name]
        instead = advice.of_import(name, words, self._public, self._moved)
        if state == GONE:
            return upgrade.GONE, instead
        if state == MISSING:  # known to be gone from wherever it was, whatever is installed here
            elsewhere = instead is not None and (provider_of(name) or name) not in instead
            return (upgrade.GONE, instead) if elsewhere else None
        if state == DEPRECATED or name.startswith(advice.DATABASE):
            return upgrade.OLD, instead
        leaf = name.rpartition(".")[2]
        moved = not advice.is_public(name) and leaf in self._public and leaf[0].isupper()
        return (upgrade.OLD, advice.as_import(f"airflow.sdk.{leaf}")) if moved else None

    def _argument(self, name: AirflowName) -> Verdict | None:
        if name.text in self._answers["arguments"].get(name.owner, ()):
            renamed = advice.SDK_ARGUMENTS.get(name.text) if name.owner.startswith("airflow.sdk.") else None
            return upgrade.GONE, f"use {renamed}" if renamed else ARGUMENTS.get(name.text)
        if name.text in advice.NO_EFFECT:
            return upgrade.OLD, advice.NO_EFFECT[name.text]
        there, refused, known = self._answers["elsewhere"].get(name.owner, ("", (), ()))
        if name.text in refused:
            new = advice.SDK_ARGUMENTS.get(name.text)
            return upgrade.OLD, f"{there} has no {name.text}=: " + (
                f"use {new} of it" if new else f"it takes {', '.join(known)}"
            )
        state = self._answers["names"].get(name.owner, [GONE])[0]
        gone = state in (GONE, MISSING) and name.text in ARGUMENTS
        return (upgrade.GONE, ARGUMENTS[name.text]) if gone else None

    def not_installed(self) -> tuple[str, ...]:
        """Packages of providers that the repository imports and that are not here."""
        missing = [name for name, (state, _) in self._answers["names"].items() if state == MISSING]
        return tuple(sorted({package for name in missing if (package := provider_of(name))}))


def _without_echoes(rows: list[UpgradeRow]) -> list[UpgradeRow]:
    """Without members of what is gone itself: one cause, one row."""
    gone = {_dotted(row.name) for row in rows if row.name.kind == "import" and row.state == upgrade.GONE}
    return [row for row in rows if not (row.name.kind == "member" and _is_below(_dotted(row.name), gone))]


def _is_below(name: str, owners: Collection[str]) -> bool:
    return any(name == owner or name.startswith(f"{owner}.") for owner in owners)


LARGEST = 1 << 20
"""Bytes: a template is written by a person; what is larger is data."""

_LEFT_OUT = {"venv", "env", *BUILT, *WRITTEN}
"""Beside what is no repository's own: environments that were copied without their ``pyvenv.cfg``, and copies."""


def files_below(folders: list[Path]) -> Iterator[Path]:
    """Files to look at, sorted, each once; hidden folders and other people's packages are left out."""
    seen: set[Path] = set()
    for folder in folders:
        for path in [folder] if folder.is_file() else _walked(folder):
            # a regular file alone: to open a FIFO waits for ever for who writes into it
            if path.suffix in (".py", ".zip", *SUFFIXES) and path not in seen and path.is_file():
                seen.add(path)
                yield path


def texts_of(path: Path) -> Iterator[tuple[str, str]]:
    """(name, text): of a file its text, of an archive each Python file in it, as ``dags.zip/sales.py``."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in sorted(archive.namelist()):
                    if name.endswith(".py"):
                        yield f"{path}/{name}", archive.read(name).decode("utf-8", "replace")
        elif path.suffix == ".py" or path.stat().st_size <= LARGEST:
            yield str(path), path.read_bytes().decode("utf-8", "replace")
    except (OSError, zipfile.BadZipFile, RuntimeError):
        return  # a file that cannot be read is told by check


def _walked(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        folders[:] = own_folders(at, folders, but=_LEFT_OUT)
        yield from (Path(at, name) for name in sorted(names))
