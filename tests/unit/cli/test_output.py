"""What a command writes: to a reader that goes, to a disk that is full, to where nobody may write."""

import errno
import os
import resource
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.cli.faults import machines_refusal, write_output
from harness.cli.ledgers import ledger_folder
from harness.cli.streams import Stream
from harness.errors import MachineError, UsageError
from harness.ledger.journal import FileJournal
from harness.ledger.reading import verify


@contextmanager
def largest_file(size):
    """No file may grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_reader_that_goes_is_no_failure():
    reading, writing = os.pipe()
    stream = Stream(writing, None)
    os.close(reading)
    print("nobody reads this", file=stream)
    print("nor this", file=stream)
    stream.flush()
    assert stream.failure is None
    stream.close()
    os.close(writing)


def test_a_full_disk_is_remembered_and_does_not_raise():
    full = os.open("/dev/full", os.O_WRONLY)
    stream = Stream(full, None)
    print("lost", file=stream)
    stream.flush()
    assert stream.failure.errno == errno.ENOSPC
    stream.close()
    os.close(full)


def test_all_is_written_where_a_descriptor_does_not_block():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    stream, read = Stream(writing, None), []
    text = "x" * 300_000  # more than a pipe holds

    def reader():
        while chunk := os.read(reading, 65536):
            read.append(chunk)

    thread = threading.Thread(target=reader)
    thread.start()
    stream.write(text)
    stream.flush()
    stream.close()
    os.close(writing)
    thread.join(30)
    assert b"".join(read).decode() == text


def test_what_an_encoding_lacks_is_escaped(tmp_path):
    with (tmp_path / "out").open("w", encoding="ascii") as file:
        stream = Stream(file.fileno(), file)
        stream.write("✓ \udcff\n")
        stream.close()
    assert (tmp_path / "out").read_bytes() == b"\\u2713 \\udcff\n"


PROGRAM = """
import os, sys
from harness.cli.streams import stand_in_for_missing
stand_in_for_missing()
for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
    os.fstat(number)
    assert stream is not None, number
assert os.readlink("/proc/self/fd/1") == "/dev/null"
print("nowhere")
with open(sys.argv[1], "w") as file:
    assert file.fileno() > 2
    file.write("whole")
"""


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors are seen in /proc")
@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", ">&-", "<&- >&-"])
def test_closed_descriptors_are_not_taken_by_files(tmp_path, closed):
    line = f'"{sys.executable}" -c "$PROGRAM" "$FILE" {closed}'
    file = tmp_path / "file"
    done = subprocess.run(["bash", "-c", line], env={**os.environ, "PROGRAM": PROGRAM, "FILE": str(file)})
    assert done.returncode == 0
    assert file.read_text() == "whole"


def test_a_file_is_written_whole_or_left_as_it_was(tmp_path):
    report = tmp_path / "reports" / "check.json"
    write_output(report, "first", "the report")
    with largest_file(1000), pytest.raises(MachineError, match="the report cannot be written: File too large") as told:
        write_output(report, "x" * 5000, "the report")
    assert told.value.exit_code == 74
    assert report.read_text() == "first"
    assert [path.name for path in report.parent.iterdir()] == ["check.json"]


def test_a_link_stays_a_link_and_a_device_is_written_to(tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    write_output(tmp_path / "link.json", "new", "the report")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"
    write_output(Path("/dev/null"), "text", "the report")
    with pytest.raises(MachineError, match="No space left"):
        write_output(Path("/dev/full"), "text", "the report")


@pytest.mark.parametrize(
    "name", ["folder", "file/report", "n" * 300, "nul\0", "loop/report"], ids=["folder", "below", "long", "nul", "loop"]
)
def test_where_nothing_can_be_written_is_a_usage_error(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="the report cannot be written"):
        write_output(tmp_path / name, "text", "the report")


@pytest.mark.parametrize("refused", [errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC], ids=errno.errorcode.get)
def test_what_the_machine_refuses_is_its_error_whoever_named_the_file(tmp_path, monkeypatch, refused):
    def refuse(self, _):
        raise OSError(refused, os.strerror(refused), str(self))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(MachineError, match="the report cannot be written") as told:
        write_output(tmp_path / "report", "text", "the report")
    assert told.value.exit_code == machines_refusal(OSError(refused, "no", "x")).exit_code == 74


def test_a_folder_of_ledgers_that_may_not_be_written_is_the_machines_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(MachineError, match=r"--keep .* cannot be written"), ledger_folder(tmp_path / "kept", "d", bool):
        pass


def test_a_journal_on_a_full_disk_ends_with_its_last_whole_record(tmp_path):
    journal = FileJournal(tmp_path)
    with largest_file(2000):
        for number in range(100):
            journal.write({"kind": "state", "number": number})
        with pytest.raises(MachineError, match=r"the ledger .*journal.jsonl cannot be written: File too large"):
            journal.close()
    lines = journal.path.read_text().splitlines()
    assert 5 < len(lines) < 100
    with pytest.raises(ValueError, match=f"cut off after {len(lines)} records"):
        verify(journal.path)


def test_a_journal_holds_any_text(tmp_path):
    with FileJournal(tmp_path) as journal:
        journal.write({"kind": "log", "message": "a lone surrogate \udcff, a NUL \0, a line end \u2028 and \x85"})
    assert verify(journal.path) == 3


def test_what_the_machine_refuses_is_told_from_a_fault_of_ours(tmp_path):
    with pytest.raises(OSError, match="directory") as raised:
        tmp_path.read_text()
    told = machines_refusal(raised.value)
    assert told.exit_code == 74
    assert told.fact == f"{tmp_path}: Is a directory"
    assert machines_refusal(MemoryError()).fact == "there is no memory left"
    assert machines_refusal(OSError("no number")) is None
    assert machines_refusal(ValueError("x")) is None
