"""A project's own checks: who is asked for them, and when what is remembered no longer holds."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.checks import catalogue, own
from harness.checks.registry import CHECKS
from harness.errors import UsageError
from harness.gate import own_table
from harness.gate.own_table import registered

ROW = {"id": "team-owner", "severity": "warning", "level": "dag", "doc": "Owners are teams."}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project with a cache and a ``conftest.py`` that has a check; the catalogue is as it was afterwards."""
    catalogue.load()
    (tmp_path / "cache").mkdir()
    (tmp_path / "conftest.py").write_text("import harness\n\n@harness.check('team-owner')\ndef f(look): ...\n")
    yield tmp_path
    own.replace_by([])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What processes were asked; `said` in it is what the next one answers."""
    asked: list[dict[str, Any]] = []

    def run(*_: Any, **given: Any) -> SimpleNamespace:
        asked.append(json.loads(given["input"]))
        return SimpleNamespace(stdout=answers["stdout"])

    answers = {"stdout": json.dumps({"rows": [ROW], "read": []})}
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(own_table, "_entry_points", list)
    asked.append(answers)
    return asked


def times(asked: list[dict[str, Any]]) -> int:
    return len(asked) - 1


def test_they_are_registered_to_be_named(project: Path, asked: list[dict[str, Any]]) -> None:
    found = registered(project, None)
    assert asked[1:] == [{"sources": [str(project / "conftest.py")], "root": str(project)}]
    assert (found.sources, found.root, found.rows) == ((str(project / "conftest.py"),), str(project), [ROW])
    check = CHECKS["team-owner"]
    assert (check.severity, check.level, check.doc, check.ours) == ("warning", "dag", "Owners are teams.", False)


@pytest.mark.parametrize("text", ["", "import harness\n", "harness = 1\ncheck = 2\n", "myharness check\n", None])
def test_a_conftest_that_says_nothing_of_checks_is_not_asked(
    project: Path, asked: list[dict[str, Any]], text: str | None
) -> None:
    (project / "conftest.py").unlink() if text is None else (project / "conftest.py").write_text(text)
    found = registered(project, project / "cache")
    assert times(asked) == 0
    assert (found.sources, found.rows) == ((), [])
    assert "team-owner" not in CHECKS


def test_those_of_another_project_are_gone(
    project: Path, asked: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    registered(project, None)
    registered(tmp_path_factory.mktemp("other"), None)
    assert "team-owner" not in CHECKS


def test_they_are_remembered_in_the_cache(project: Path, asked: list[dict[str, Any]]) -> None:
    first, second = (registered(project, project / "cache") for _ in range(2))
    assert (times(asked), first) == (1, second)
    assert "team-owner" in CHECKS
    assert [one.name for one in (project / "cache").iterdir()] == ["own_checks.json"]


@pytest.mark.parametrize("folder", [None, "not there"])
def test_without_a_cache_they_are_asked_for_each_time(
    project: Path, asked: list[dict[str, Any]], folder: str | None
) -> None:
    for _ in range(2):
        registered(project, None if folder is None else project / folder)
    assert times(asked) == 2
    assert not (project / "not there").exists()


def test_a_module_they_were_made_from_that_changed_has_them_asked_for_anew(
    project: Path, asked: list[dict[str, Any]]
) -> None:
    helper = project / "helper.py"
    helper.write_text("1")
    asked[0]["stdout"] = json.dumps({"rows": [ROW], "read": [str(project / "conftest.py"), str(helper)]})
    for text in ("1", "1", "2", "2"):
        helper.write_text(text)
        registered(project, project / "cache")
    assert times(asked) == 2


def test_another_environment_has_them_asked_for_anew(
    project: Path, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(project, project / "cache")
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "3")
    registered(project, project / "cache")
    assert times(asked) == 2


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"sources": 3}'])
def test_what_cannot_be_read_is_as_nothing(project: Path, asked: list[dict[str, Any]], text: str) -> None:
    (project / "cache" / "own_checks.json").write_text(text)
    assert registered(project, project / "cache").rows == [ROW]
    assert times(asked) == 1


def test_one_that_does_not_import_is_told_with_where(project: Path, asked: list[dict[str, Any]]) -> None:
    asked[0]["stdout"] = json.dumps({"failed": "NameError: name 'x' is not defined", "where": "conftest.py:3"})
    with pytest.raises(UsageError, match="does not import: NameError: name 'x'") as caught:
        registered(project, project / "cache")
    assert caught.value.where == "conftest.py:3"
    assert list((project / "cache").iterdir()) == []


def test_one_that_ends_its_process_is_told(project: Path, asked: list[dict[str, Any]]) -> None:
    asked[0]["stdout"] = ""
    with pytest.raises(UsageError, match="it ends its process, or does not end within 120 s") as caught:
        registered(project, None)
    assert caught.value.where == str(project / "conftest.py")


def test_one_that_never_ends_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any, timeout: float, **more: Any) -> None:
        raise subprocess.TimeoutExpired("python", timeout)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(UsageError, match="does not end within"):
        registered(project, None)


def test_an_id_of_the_catalogue_is_taken(project: Path, asked: list[dict[str, Any]]) -> None:
    asked[0]["stdout"] = json.dumps({"rows": [{**ROW, "id": "pool-missing"}], "read": []})
    with pytest.raises(UsageError, match="'pool-missing' is taken"):
        registered(project, None)


def test_packages_bring_theirs_by_entry_points(
    project: Path, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "conftest.py").unlink()
    monkeypatch.setattr(own_table, "_entry_points", lambda: ["house.checks"])
    assert registered(project, None).sources == ("house.checks",)


def test_what_is_remembered_is_its_owners_alone(project: Path, asked: list[dict[str, Any]]) -> None:
    former = os.umask(0o022)
    try:
        registered(project, project / "cache")
    finally:
        os.umask(former)
    (kept,) = (project / "cache").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
