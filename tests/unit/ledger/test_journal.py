"""The journal: its form, its chain, what a cut or altered one says, and what happens when it cannot be written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HorizonReached, MachineError
from harness.ledger import journal as journal_module
from harness.ledger.journal import LARGE_LINE, MOST_LINES, SCHEMA, FileJournal, chain
from harness.ledger.reading import verify

RECORD = {"kind": "state", "to": "success", "of": "größer", "at": 7}


def written(folder: Path, *records: dict[str, Any], **footer: Any) -> list[dict[str, Any]]:
    """The records of a journal that was closed."""
    journal = FileJournal(folder)
    for record in records:
        journal.write(record)
    journal.close(**footer)
    return read(journal.path)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_it_begins_with_its_schema_counts_its_records_and_ends_with_their_number(tmp_path: Path) -> None:
    header, first, second, footer = written(tmp_path / "new" / "folder", RECORD, {"kind": "end"}, seed=3)
    assert (header["kind"], header["schema"], header["n"]) == ("header", SCHEMA, 0)
    assert {name: first[name] for name in RECORD} == RECORD
    assert [first["n"], second["n"]] == [1, 2]
    assert {name: footer[name] for name in ("kind", "records", "n", "seed")} == {
        "kind": "footer",
        "records": 3,
        "n": 3,
        "seed": 3,
    }
    assert verify(tmp_path / "new" / "folder" / "journal.jsonl") == 4


def test_each_hash_is_of_the_hash_before_and_the_records_text(tmp_path: Path) -> None:
    written(tmp_path, RECORD)
    previous = "0" * 16
    for line in (tmp_path / "journal.jsonl").read_text().splitlines():
        document = json.loads(line)
        told = document.pop("hash")
        body = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert told == hashlib.sha256((previous + body).encode()).hexdigest()[:16] == chain(previous, body.encode())
        previous = told


def test_the_same_records_are_the_same_bytes_whatever_order_their_fields_were_given_in(tmp_path: Path) -> None:
    written(tmp_path / "a", {"kind": "x", "b": 1, "a": {"d": 1, "c": 2}})
    written(tmp_path / "b", {"a": {"c": 2, "d": 1}, "b": 1, "kind": "x"})
    one, other = ((tmp_path / name / "journal.jsonl").read_bytes() for name in "ab")
    assert one == other
    assert one.endswith(b"}\n")


@pytest.mark.parametrize(
    ("value", "read_back"),
    [
        ("ä→", "ä→"),
        ("\ud800", "\\ud800"),
        (Path("/a"), "/a"),
        ("line\nbreak", "line\nbreak"),
        ('", "hash": "', None),
        (float("nan"), "nan"),
    ],
    ids=["unicode", "lone surrogate", "no JSON", "line break", "looks like a hash", "no number"],
)
def test_whatever_a_task_says_is_one_line_that_can_be_read_back(tmp_path: Path, value: Any, read_back: Any) -> None:
    records = written(tmp_path, {"kind": "x", "said": value})
    assert records[1]["said"] == (value if read_back is None else read_back)
    assert verify(tmp_path / "journal.jsonl") == 3


@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_only_its_owner_may_read_it(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        written(tmp_path / "kept")
    finally:
        os.umask(before)
    folder, file = tmp_path / "kept", tmp_path / "kept" / "journal.jsonl"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (folder, file)] == [0o700, 0o600]


def test_nobody_else_may_read_it_from_the_moment_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "chmod", lambda *_: None)  # which comes after
    written(tmp_path / "kept")
    assert stat.S_IMODE((tmp_path / "kept" / "journal.jsonl").stat().st_mode) == 0o600


def test_one_of_an_earlier_run_is_replaced_and_no_longer_others_to_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text("of an earlier run\n" * 100)
    path.chmod(0o644)
    assert len(written(tmp_path)) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


class TestWhatVerifyRefuses:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        written(tmp_path, RECORD, {"kind": "b"}, {"kind": "c"})
        return tmp_path / "journal.jsonl"

    @pytest.mark.parametrize("line", [1, 2, 5])
    def test_an_altered_record(self, path: Path, line: int) -> None:
        lines = path.read_text().splitlines()
        lines[line - 1] = lines[line - 1].replace('"kind":"', '"kind":"x')
        path.write_text("\n".join(lines) + "\n")
        with pytest.raises(ValueError, match=rf"jsonl:{line}: the record does not follow"):
            verify(path)

    @pytest.mark.parametrize(("drop", "told"), [(1, 1), (2, 2), (3, 3)])
    def test_a_record_that_is_missing(self, path: Path, drop: int, told: int) -> None:
        lines = path.read_text().splitlines()
        del lines[drop - 1]
        path.write_text("\n".join(lines) + "\n")
        with pytest.raises(ValueError, match=rf"jsonl:{told}: the record does not follow"):
            verify(path)

    def test_a_line_without_a_hash(self, path: Path) -> None:
        path.write_text(path.read_text() + '{"kind": "footer"}\n')
        with pytest.raises(ValueError, match=r"jsonl:6: the record does not follow"):
            verify(path)

    def test_one_that_was_cut_off_between_two_lines(self, path: Path) -> None:
        path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
        with pytest.raises(ValueError, match="no footer, the run was cut off after 4 records"):
            verify(path)

    def test_one_that_was_cut_off_within_a_line(self, path: Path) -> None:
        path.write_text(path.read_text()[:-9])
        with pytest.raises(ValueError, match=r"jsonl: record 4 is cut off"):
            verify(path)


def fills_up(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """The disk takes ``room`` bytes more, a few at a time."""
    really, left = os.pwrite, [room]

    def pwrite(descriptor: int, data: bytes, place: int) -> int:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = min(len(data), left[0], 10)
        left[0] -= taken
        return really(descriptor, data[:taken], place)

    monkeypatch.setattr(os, "pwrite", pwrite)


def test_what_is_taken_in_pieces_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(tmp_path)
    fills_up(monkeypatch, 10_000)
    journal.write(RECORD)
    journal.close()
    assert verify(journal.path) == 3


@pytest.mark.parametrize("room", [0, 25, 150])
def test_a_full_disk_leaves_whole_records_and_is_told_when_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    journal = FileJournal(tmp_path)
    journal.write(RECORD)
    journal.flush()
    whole = journal.path.read_bytes()
    fills_up(monkeypatch, room)
    for _ in range(3):
        journal.write(RECORD)
    journal.flush()
    more = journal.path.read_bytes().removeprefix(whole)
    assert more.endswith(b"}\n") == (room == 150) == bool(more), "half a record was left"
    journal.write(RECORD)
    with pytest.raises(MachineError, match=r"journal.jsonl cannot be written: No space left") as caught:
        journal.close()
    assert caught.value.known == f"it ends after {2 + more.count(b'}' + bytes([10]))} records"
    assert "--keep" in (caught.value.fix or "")
    assert journal.path.read_bytes() == whole + more, "something was written after a record was lost"
    with pytest.raises(ValueError, match="no footer"):
        verify(journal.path)


def test_rows_that_cannot_be_kept_take_no_record_with_them(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.write(RECORD)
    (tmp_path / "data").write_text("in the way")
    assert journal.keep_rows("w", "t", ["{}"]) is None
    with pytest.raises(MachineError, match=r"journal\.jsonl cannot be written") as caught:
        journal.close()
    assert caught.value.known == "it ends after 2 records"
    assert len(read(journal.path)) == 2


def test_a_task_that_closed_its_descriptor_is_what_to_look_for(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    os.close(journal._file.fileno())
    journal.write(RECORD)
    with pytest.raises(MachineError, match="cannot be written") as caught:
        journal.close()
    assert "os.closerange" in (caught.value.fix or "")


@pytest.mark.parametrize("which", ["_file", "_logs"])
def test_a_file_of_a_task_that_has_a_closed_descriptors_number_is_left_alone(tmp_path: Path, which: str) -> None:
    journal, theirs = FileJournal(tmp_path), tmp_path / "theirs"
    theirs.write_text("of a task")
    with theirs.open("r+") as opened:
        os.dup2(opened.fileno(), getattr(journal, which).fileno())
    journal.keep_log({"text": "x"})
    journal.write(RECORD)
    journal.flush()
    assert theirs.read_text() == "of a task"
    with pytest.raises(MachineError, match="cannot be written") as caught:
        journal.close()
    assert "os.closerange" in (caught.value.fix or "")
    assert theirs.read_text() == "of a task"


def test_to_close_it_twice_writes_one_footer(tmp_path: Path) -> None:
    with FileJournal(tmp_path) as journal:
        journal.close()
    assert [record["kind"] for record in read(journal.path)] == ["header", "footer"]


@pytest.mark.parametrize(
    ("ends_with", "footer"),
    [
        (HorizonReached("the horizon came first"), {}),
        (KeyboardInterrupt(), {"interrupted": True}),
        (SystemExit(1), {"interrupted": True}),
        (LookupError("a fault of ours"), None),
    ],
    ids=repr,
)
def test_how_the_run_ended_is_how_it_ends(
    tmp_path: Path, ends_with: BaseException, footer: dict[str, Any] | None
) -> None:
    with pytest.raises(type(ends_with)), FileJournal(tmp_path) as journal:
        raise ends_with
    *_, last = read(journal.path)
    if footer is None:
        assert last["kind"] == "header", "a run that broke off has a footer"
    else:
        assert last["kind"] == "footer"
        assert {name: value for name, value in last.items() if name not in ("kind", "records", "n", "hash")} == footer
    assert journal._file.closed


def test_logs_stand_beside_it_a_line_each(tmp_path: Path) -> None:
    with FileJournal(tmp_path) as journal:
        assert [journal.keep_log({"text": text}) for text in ("größer", "b\nc")] == [0, 1]
    assert read(tmp_path / "logs.jsonl") == [{"kind": "log", "text": text} for text in ("größer", "b\nc")]
    assert stat.S_IMODE((tmp_path / "logs.jsonl").stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_ends_the_ledger_with_the_reason(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    os.close(journal._logs.fileno())
    assert journal.keep_log({"text": "x"}) == 0
    journal.write(RECORD)
    journal.flush()
    assert journal.keep_log({"text": "x"}) is None
    with pytest.raises(MachineError, match="ends after 1 records"):
        journal.close()
    assert len(read(journal.path)) == 1


class TestWhatWaits:
    """Records are written many at a time; what becomes of those that were not."""

    def test_they_are_in_the_file_once_it_is_flushed_or_they_are_many(self, tmp_path: Path) -> None:
        journal = FileJournal(tmp_path)
        journal.write(RECORD)
        assert len(read(journal.path)) == 1
        journal.flush()
        assert len(read(journal.path)) == 2
        for _ in range(MOST_LINES):
            journal.write(RECORD)
        assert len(read(journal.path)) == 2 + MOST_LINES
        journal.write({"kind": "x", "value": "long" * LARGE_LINE})
        assert len(read(journal.path)) == 3 + MOST_LINES

    def test_a_flush_with_patience_only_after_that_long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = [100.0]
        monkeypatch.setattr(journal_module, "perf_counter", lambda: clock[0])
        journal = FileJournal(tmp_path)
        journal.write(RECORD)
        for later, there in ((0.4, 1), (0.2, 2)):
            clock[0] += later
            journal.flush(0.5)
            assert len(read(journal.path)) == there
        journal.write(RECORD)
        journal.flush(0.5)
        assert len(read(journal.path)) == 2

    def test_a_log_is_there_before_the_record_that_names_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = FileJournal(tmp_path)
        journal.write({"kind": "attempt", "log": journal.keep_log({"text": "x"})})
        fills_up(monkeypatch, 20)
        journal.flush()
        assert ((tmp_path / "logs.jsonl").read_bytes(), len(read(journal.path))) == (b"", 1)

    @pytest.mark.parametrize("struck", ["before", "after"])
    def test_ctrl_c_while_they_are_written_neither_loses_nor_doubles_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, struck: str
    ) -> None:
        journal = FileJournal(tmp_path)
        really = os.pwrite

        def pwrite(descriptor: int, data: bytes, place: int) -> int:
            if struck == "after":
                really(descriptor, data, place)
            raise KeyboardInterrupt

        for number in range(3):
            journal.write({"kind": "x", "number": number})
        monkeypatch.setattr(os, "pwrite", pwrite)
        with pytest.raises(KeyboardInterrupt):
            journal.flush()
        monkeypatch.undo()
        journal.write({"kind": "x", "number": 3})
        journal.close()
        assert verify(journal.path) == 6
        assert [one["number"] for one in read(journal.path)[1:-1]] == [0, 1, 2, 3]

    @pytest.mark.parametrize("ends", ["os._exit", "close", "raises"])
    def test_a_process_that_was_forked_writes_none_of_them(self, tmp_path: Path, ends: str) -> None:
        with FileJournal(tmp_path) as journal:
            journal.write({"kind": "x", "number": 0})
            child = os.fork()
            if child == 0:
                with suppress(LookupError):
                    journal.write({"kind": "x", "number": "of the child"})
                    if ends == "close":
                        journal.close()
                    elif ends == "raises":
                        journal.__exit__(LookupError)
                os._exit(0)
            os.waitpid(child, 0)
            journal.write({"kind": "x", "number": 1})
        assert verify(journal.path) == 4
        assert [one["number"] for one in read(journal.path)[1:-1]] == [0, 1]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_whichever_encoder_takes_it_a_record_is_the_same(value: Any) -> None:
    """The fast one is for what both make the same of; the other one is what it is held against."""
    record = {"kind": "xcom", "value": value}
    slow = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
    try:
        expected = slow.encode(record)
    except (ValueError, TypeError):  # NaN; keys that cannot be sorted
        return
    assert journal_module.body_of(record) == expected.encode(errors="backslashreplace")
