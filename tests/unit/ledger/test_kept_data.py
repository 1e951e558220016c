"""What a ledger keeps of services: the same for the same rows in any order, without secrets, and not without end."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from harness.ledger import kept_data
from harness.ledger.journal import FileJournal
from harness.ledger.kept_data import HeldPart
from harness.services.contents import Contents

ROWS = ['{"id": 2, "note": "b"}', '{"id": 1, "note": "a"}']


def kept(folder: Path, *parts: HeldPart) -> list[dict[str, Any]]:
    """The records of these parts of the connection ``warehouse``."""
    with FileJournal(folder) as journal:
        return list(kept_data.keep(journal, "warehouse", "postgres", parts))


def part(rows: Iterable[str], *columns: str, name: str = "t") -> HeldPart:
    """A table."""
    return HeldPart(name, "table", "row", columns or ("id", "note"), ("id",), rows)


def test_rows_in_any_order_are_the_same_file_and_digest(tmp_path: Path) -> None:
    (one,), (other,) = kept(tmp_path / "a", part(ROWS)), kept(tmp_path / "b", part(ROWS[::-1]))
    assert one == other
    assert (one["rows"], one["file"], one["keys"]) == (2, "data/warehouse/t.jsonl", ["id"])
    texts = [(tmp_path / ledger / one["file"]).read_text() for ledger in "ab"]
    assert texts == ["".join(f"{row}\n" for row in ROWS[::-1])] * 2
    (tripled,) = kept(tmp_path / "c", part([*ROWS, ROWS[0], ROWS[0]]))
    assert tripled["digest"] != one["digest"]


def test_columns_that_say_they_are_secret(tmp_path: Path) -> None:
    rows = ['{"id": 1, "password": "geheim", "note": "é"}', '{"id": 2, "password": null, "note": "x"}']
    (record,) = kept(tmp_path, part(rows, "id", "password", "note"))
    found = [json.loads(line) for line in (tmp_path / record["file"]).read_text().splitlines()]
    assert found == [{"id": 1, "password": "***", "note": "é"}, {"id": 2, "password": None, "note": "x"}]


def test_what_is_too_large_is_told_by_its_digest_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = kept(tmp_path / "a", part(ROWS))
    for limit, most in (("MOST_ROWS", 1), ("MOST_BYTES", 30)):
        with monkeypatch.context() as patch:
            patch.setattr(kept_data, limit, most)
            (record,) = kept(tmp_path / limit, part(ROWS))
        assert record == {**whole, "file": None}
        assert not (tmp_path / limit / "data").exists()


@pytest.mark.parametrize("name", ["../up", "a/b", ".", "..", "ü" * 100, "x" * 300])
def test_names_that_no_file_may_have(tmp_path: Path, name: str) -> None:
    record, other = kept(tmp_path, part(ROWS, name=name), part(ROWS, name=f"{name}_"))
    file = tmp_path / record["file"]
    assert file.resolve().parent == (tmp_path / "data" / "warehouse").resolve()
    assert file.read_text().count("\n") == 2
    assert record["file"] != other["file"]
    assert file.stat().st_mode & 0o077 == 0


def test_a_service_that_says_no_more_is_kept_by_its_snapshot() -> None:
    contents = Contents("bucket", "object", {"b": {("a", 1): "digest"}, "a": {"x.csv": "etag"}})
    parts = [(one.name, one.row, one.keys, list(one.rows)) for one in contents.held()]
    assert parts == [
        ("a", "object", ("key",), ['{"key": "x.csv", "digest": "etag"}']),
        ("b", "object", ("key",), ['{"key": "a, 1", "digest": "digest"}']),
    ]
