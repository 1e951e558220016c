"""What the cache keeps of a file, and when it no longer holds."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.checks.context import CheckSelection, Declared
from harness.gate.cache import FOLDER, Cache, note_output, outputs_of, question_of


@pytest.fixture
def dag(tmp_path: Path) -> str:
    path = tmp_path / "dag.py"
    path.write_text("content")
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "project" / FOLDER


def report(**more: Any) -> dict[str, Any]:
    return {"depends": {}, "imported": [], "libraries": [], "events": [], "dags": ["d"], **more}


def stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def kept(folder: Path, dag: str, second: bool = True, question: str = "q", **more: Any) -> Cache:
    cache = Cache(folder, question)
    cache.keep(dag, report(**more), second)
    cache.write()
    return cache


def holds(folder: Path | None, dag: str, question: str = "q", environment: Mapping[str, str] | None = None) -> bool:
    return Cache(folder, question, environment or {}).find(dag) is not None


def test_what_was_kept_is_found_by_the_next_run(folder: Path, dag: str) -> None:
    kept(folder, dag, imported=[], problems=[1])
    entry = Cache(folder, "q").find(dag)
    assert entry is not None
    assert entry.report == {"dags": ["d"], "imported": [], "problems": [1]}, "what only this run needs is not kept"
    assert list(entry.depends) == [f"file:{dag}"]
    assert entry.second_parses is None
    assert Cache(folder, "q").find(dag + "x") is None


def test_another_question_has_no_answer(folder: Path, dag: str) -> None:
    kept(folder, dag)
    assert not holds(folder, dag, "other")
    assert holds(folder, dag)


def test_the_file_itself_and_what_it_imported_count_whatever_it_says(folder: Path, dag: str, tmp_path: Path) -> None:
    helper = tmp_path / "helper.py"
    helper.write_text("1")
    kept(folder, dag, imported=[str(helper)])
    assert holds(folder, dag)
    helper.write_text("2")
    assert not holds(folder, dag)
    helper.write_text("1")
    assert holds(folder, dag), "what counts is the content"
    Path(dag).write_text("new")
    assert not holds(folder, dag)


def test_a_variable_of_the_environment_counts_where_it_was_asked_for(folder: Path, dag: str) -> None:
    cache = Cache(folder, "q", {"A": "1", "B": "1"})
    cache.keep(dag, report(depends={"env:A": None}))
    cache.write()
    assert holds(folder, dag, environment={"A": "1", "B": "2"})
    assert not holds(folder, dag, environment={"A": "2", "B": "1"})
    assert not holds(folder, dag, environment={"B": "1"})


@pytest.mark.parametrize(
    ("more", "second", "is_kept"),
    [
        ({"events": [{"kind": "process"}]}, True, False),
        ({"events": [{"kind": "network"}]}, True, True),
        ({"depends": {"clock:": None}}, True, False),
        ({"depends": {"unknown:": None}}, True, False),
        ({"depends": {"clock?:": None}}, False, False),
        ({"depends": {"clock?:": None}}, True, True),
    ],
)
def test_what_no_later_run_can_know_is_not_kept(
    folder: Path, dag: str, more: dict[str, Any], second: bool, is_kept: bool
) -> None:
    kept(folder, dag, second, **more)
    assert holds(folder, dag) is is_kept


def test_what_changed_since_it_was_read_is_not_kept(folder: Path, dag: str) -> None:
    then = stamp(Path(dag))
    kept(folder, dag, depends={f"file:{dag}": then})
    assert holds(folder, dag)
    kept(folder, dag, depends={f"file:{dag}": [then[0], then[1] - 1, then[2]]})
    assert not holds(folder, dag), "an older entry must not stay either"


def test_a_file_that_is_written_while_others_are_parsed_is_read_anew(folder: Path, dag: str, tmp_path: Path) -> None:
    helper, other = tmp_path / "helper.py", tmp_path / "other.py"
    helper.write_text("1")
    other.write_text("")
    cache = Cache(folder, "q")
    cache.keep(dag, report(depends={f"file:{helper}": stamp(helper)}))
    helper.write_text("longer")
    cache.keep(str(other), report(depends={f"file:{helper}": stamp(helper)}))
    cache.write()
    assert not holds(folder, dag)
    assert holds(folder, str(other))


def test_a_file_that_is_not_there_yet_counts_when_it_appears(folder: Path, dag: str, tmp_path: Path) -> None:
    kept(folder, dag, depends={f"file:{tmp_path / 'later.py'}": None})
    assert holds(folder, dag)
    (tmp_path / "later.py").write_text("")
    assert not holds(folder, dag)


class TestSecondParses:
    def test_what_they_say_is_kept_with_what_they_asked_for(self, folder: Path, dag: str, tmp_path: Path) -> None:
        cache = Cache(folder, "q")
        cache.keep(dag, report())
        cache.keep_second_parse(dag, [["unstable-dag", {"message": "m"}]], {f"file:{tmp_path / 'later'}": None})
        cache.write()
        entry = Cache(folder, "q").find(dag)
        assert entry is not None
        assert entry.second_parses == [["unstable-dag", {"message": "m"}]]
        assert set(entry.depends) == {f"file:{dag}", f"file:{tmp_path / 'later'}"}
        (tmp_path / "later").write_text("")
        assert not holds(folder, dag)

    def test_one_that_asked_for_the_time_has_the_file_forgotten(self, folder: Path, dag: str) -> None:
        cache = Cache(folder, "q")
        cache.keep(dag, report())
        cache.keep_second_parse(dag, [], {"clock:": None})
        cache.write()
        assert not holds(folder, dag)

    def test_those_of_a_file_that_is_not_kept_are_not_either(self, folder: Path, dag: str) -> None:
        cache = Cache(folder, "q")
        cache.keep_second_parse(dag, [], {})
        cache.write()
        assert not folder.exists()


class TestLibraries:
    def test_a_library_that_changed_makes_all_files_be_parsed(self, folder: Path, dag: str, tmp_path: Path) -> None:
        library = tmp_path / "library.py"
        library.write_text("1")
        kept(folder, dag, libraries=[str(library)])
        assert holds(folder, dag)
        library.write_text("2")
        assert not holds(folder, dag)

    def test_also_one_that_was_brought_for_another(self, folder: Path, dag: str, tmp_path: Path) -> None:
        library = tmp_path / "library.py"
        library.write_text("1")
        cache = kept(folder, dag)
        cache.brought([str(library)])
        cache.write()
        library.write_text("2")
        assert not holds(folder, dag)


def test_a_file_that_is_forgotten_is_gone_from_disk(folder: Path, dag: str) -> None:
    kept(folder, dag)
    cache = Cache(folder, "q")
    cache.forget(dag)
    cache.write()
    assert not holds(folder, dag)


def test_nothing_new_writes_nothing(folder: Path, dag: str) -> None:
    kept(folder, dag)
    before = (folder / "check.json").stat().st_mtime_ns
    cache = Cache(folder, "q")
    assert cache.find(dag) is not None
    cache.forget("never seen")
    cache.brought([])
    cache.write()
    assert (folder / "check.json").stat().st_mtime_ns == before


def test_without_a_folder_nothing_is_kept(dag: str) -> None:
    cache = Cache(None, "q")
    cache.keep(dag, report())
    cache.keep_second_parse(dag, [], {})
    cache.brought([dag])
    cache.write()
    assert cache.find(dag) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"question": "q", "libraries": {}}',
        '{"question": "q", "libraries": 1}',
        '{"question": "q", "libraries": {}, "entries": {"a": {"more": 1}}}',
    ],
)
def test_one_that_cannot_be_read_is_as_none_and_is_written_anew(folder: Path, dag: str, text: str) -> None:
    kept(folder, dag)
    (folder / "check.json").write_text(text)
    assert not holds(folder, dag)
    kept(folder, dag)
    assert holds(folder, dag)


def test_its_folder_is_nobody_elses_and_no_version_controls(folder: Path, dag: str) -> None:
    kept(folder, dag)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert sorted(one.name for one in folder.iterdir()) == [".gitignore", "CACHEDIR.TAG", "check.json"]


def test_a_folder_that_cannot_be_made_keeps_nothing_and_is_no_error(dag: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept(tmp_path / "file" / "below", dag)
    assert not holds(tmp_path / "file" / "below", dag)


class TestOutputs:
    def test_a_report_that_we_wrote_changes_no_file(self, folder: Path, dag: str, tmp_path: Path) -> None:
        written = tmp_path / "report.json"
        written.write_text("1")
        kept(folder, dag, depends={f"file:{written}": None})
        written.write_text("2")
        assert not holds(folder, dag)
        note_output(folder, written)
        kept(folder, dag, depends={f"file:{written}": None})
        written.write_text("3")
        assert holds(folder, dag)

    def test_each_is_noted_once_by_its_absolute_path(
        self, folder: Path, dag: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept(folder, dag)
        monkeypatch.chdir(folder)
        for name in ("b.json", "a.json", "b.json"):
            note_output(folder, Path(name))
        assert outputs_of(folder) == {str(folder / "a.json"), str(folder / "b.json")}
        assert json.loads((folder / "outputs.json").read_text()) == sorted(outputs_of(folder))
        assert stat.S_IMODE((folder / "outputs.json").stat().st_mode) == 0o600

    def test_where_there_is_no_cache_nothing_is_noted(self, folder: Path) -> None:
        note_output(folder, Path("a.json"))
        assert not folder.exists()
        assert outputs_of(folder) == outputs_of(None) == frozenset()


class TestQuestion:
    @staticmethod
    def asked(**more: Any) -> str:
        settings = CheckSelection({"cycle": "error"}, {"a": 1.0}, {"b": "c"})
        return question_of(more.pop("settings", settings), more.pop("declared", Declared()), *more.pop("more", ()))

    def test_the_same_is_the_same_whatever_the_order_of_a_set(self) -> None:
        names = [f"n{number}" for number in range(50)]
        one, other = (Declared(connections=frozenset(order)) for order in (names, reversed(names)))
        assert self.asked(declared=one) == self.asked(declared=other)

    @pytest.mark.parametrize(
        "given",
        [
            {"settings": CheckSelection({"cycle": "warning"}, {"a": 1.0}, {"b": "c"})},
            {"settings": CheckSelection({"cycle": "error"}, {"a": 2.0}, {"b": "c"})},
            {"settings": CheckSelection({"cycle": "error"}, {"a": 1.0}, {"b": "d"})},
            {"declared": Declared(connections=frozenset({"c"}))},
            {"more": (1,)},
        ],
    )
    def test_settings_the_world_and_what_else_is_given_count(self, given: dict[str, Any]) -> None:
        assert self.asked(**given) != self.asked()

    @pytest.mark.parametrize(
        ("name", "counts"),
        [
            ("AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT", True),
            ("TZ", True),
            ("AIRFLOW_HOME", False),
            ("EDITOR", False),
        ],
    )
    def test_of_the_environment_airflows_own_and_the_zone(
        self, monkeypatch: pytest.MonkeyPatch, name: str, counts: bool
    ) -> None:
        before = self.asked()
        monkeypatch.setitem(os.environ, name, "other")
        assert (self.asked() != before) is counts

    def test_a_package_that_is_installed_counts(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        packages = tmp_path / "site-packages"
        packages.mkdir()
        monkeypatch.syspath_prepend(str(packages))
        before = self.asked()
        (packages / "new-1.0.dist-info").mkdir()
        assert self.asked() != before
