"""Questions to ledgers: every view stands over every ledger, and large ones are read once."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from harness.errors import LedgerError, UsageError
from harness.ledger import questions
from harness.ledger.journal import FileJournal
from harness.ledger.questions import asked, asked_of, opened
from harness.ledger.views import VIEWS

OF = {"at": "2025-01-01T00:00:00Z", "dag_id": "d", "run_id": "r"}


def kept(folder: Path, *records: dict[str, Any]) -> Path:
    """A ledger of these records."""
    with FileJournal(folder) as journal:
        for record in records:
            journal.write({**OF, **record})
    return folder


@pytest.mark.parametrize("name", VIEWS)
def test_every_table_has_the_columns_it_tells_also_of_an_empty_ledger(tmp_path: Path, name: str) -> None:
    answer = asked([kept(tmp_path / "none")], f"select * from {name}")
    assert [column[0] for column in answer.description] == list(VIEWS[name].columns)
    assert answer.fetchall() == []


def test_a_result_without_a_ledger_says_how_to_keep_one() -> None:
    with pytest.raises(UsageError, match="keep=tmp_path"):
        asked_of(None, "select 1")


def test_what_a_service_was_told_and_came_to_hold(tmp_path: Path) -> None:
    told = {
        "kind": "service",
        "conn_id": "mail",
        "service": "smtp",
        "heard": [{"kind": "mail", "about": "a"}, {"kind": "mail", "about": "b"}],
        "changes": [{"part": "t", "kind": "table", "row": "row", "added": 2, "removed": 0, "changed": 1}],
    }
    folder = kept(tmp_path / "a", told)
    assert asked([folder], "select number, about from service_calls order by 1").fetchall() == [(1, "a"), (2, "b")]
    assert asked([folder], "select part, added, changed from service_changes").fetchall() == [("t", 2, 1)]


def test_values_that_tasks_kept(tmp_path: Path) -> None:
    whose = {"task_id": "t", "map_index": -1, "try_number": 1}
    folder = kept(
        tmp_path / "a",
        {"kind": "task-store", **whose, "verb": "set", "key": "page", "value": 7},
        {"kind": "asset-store", **whose, "verb": "clear", "asset": "orders", "key": None, "value": None},
    )
    answer = asked([folder], "select store, asset, verb, key, value from stored_states").fetchall()
    assert answer == [("task", None, "set", "page", "7"), ("asset", "orders", "clear", None, None)]


def test_fields_with_any_name(tmp_path: Path) -> None:
    fields = {"a.b": 1, "c d": [2], "": 3, "e/~": 4}
    folder = kept(tmp_path / "a", {"kind": "rendered", "task_id": "t", "map_index": -1, "fields": fields})
    answer = asked([folder], "select field, value from rendered_fields order by field").fetchall()
    assert answer == [("", "3"), ("a.b", "1"), ("c d", "[2]"), ("e/~", "4")]


def test_a_large_one_is_read_once_and_anew_when_it_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "LARGE", 0)
    read = 0
    really = questions._read

    def counted(*arguments: Any) -> None:
        nonlocal read
        read += 1
        really(*arguments)

    monkeypatch.setattr(questions, "_read", counted)
    folder = kept(tmp_path / "a", {"kind": "run-created"})
    for _ in range(2):
        assert asked([folder], "select count(*) from runs").fetchone() == (1,)
    assert read == 1
    (file,) = folder.glob("*.duckdb")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept(folder, {"kind": "run-created"}, {"kind": "run-created", "run_id": "r2"})
    assert asked([folder], "select count(*) from runs").fetchone() == (2,)
    assert len(list(folder.glob("*.duckdb"))) == 1


def test_where_nothing_can_be_kept_it_is_read_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "LARGE", 0)
    folder = kept(tmp_path / "a", {"kind": "run-created"})

    def refuses(*_: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refuses)
    assert asked([folder], "select count(*) from runs").fetchone() == (1,)
    assert sorted(path.name for path in folder.iterdir()) == ["journal.jsonl", "logs.jsonl"]


def test_nothing_is_written_through_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "LARGE", 0)
    folder = kept(tmp_path / "a", {"kind": "run-created"})
    with pytest.raises(UsageError, match=r"read-only|read only"):
        asked([folder], "delete from ledger_0.records")


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text("hello\n")
    with pytest.raises(LedgerError, match="is no record of a journal"):
        opened([tmp_path])


def test_text_that_utf_8_cannot_hold_hides_no_record(tmp_path: Path) -> None:
    """As the name of a file in a message, where it is no UTF-8: DuckDB knows no JSON with half a character."""
    record = {"kind": "xcom", "task_id": "t", "map_index": -1, "key": "name", "value": "caf\udce9.csv"}
    (found,) = asked([kept(tmp_path / "a", record)], "select key, value from xcoms").fetchall()
    assert found == ("name", '"caf\\\\udce9.csv"')


def test_what_was_read_before_a_table_had_a_new_column_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "LARGE", 0)
    folder = kept(tmp_path / "a", {"kind": "run-created"})
    fewer = tuple((table, file, dict(list(columns.items())[:-1])) for table, file, columns in questions._TABLES)
    with monkeypatch.context() as then:
        then.setattr(questions, "_TABLES", fewer)
        questions._kept(folder)
    assert asked([folder], "select count(*) from runs").fetchall() == [(1,)]
