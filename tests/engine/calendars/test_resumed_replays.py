"""A replay that was cut off anywhere goes on, and its ledger is in the end that of one that never was."""

import shutil
import time
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, Variable, task

from harness.errors import LedgerError, UsageError
from harness.ledger.journal import FileJournal
from harness.simulation import Rehearsal
from harness.simulation.replays.replaying import ReplayOptions

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
POINTS = 60
"""Places at which the journal is cut, beside every record's boundary: within records."""


def sales(answer=1):
    def extract(ti, ds):
        time.sleep(60)
        if ti.try_number == 1 and ds.endswith("2"):
            raise ConnectionError("feed is down")
        return [answer, 2]

    def load(rows):
        Variable.set("rows", str(rows))
        return {"größe": rows}

    with DAG("sales", schedule="@daily", start_date=START) as dag:
        rows = task(task_id="extract", retries=1, retry_delay=timedelta(minutes=5))(extract)()
        task(task_id="load")(load).expand(rows=rows)
    return dag


def replayed(folder, dag=None, **options):
    rehearsal = Rehearsal()
    rehearsal.folder.dags["sales"] = dag or sales()
    chosen = {"until": START + timedelta(days=2), "max_active_runs": 2, **options}
    return rehearsal.replay(ReplayOptions(("sales",), START, keep=folder, **chosen))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert replayed(folder).ok
    return (folder / "journal.jsonl").read_bytes()


def left(folder, content):
    folder.mkdir()
    (folder / "journal.jsonl").write_bytes(content)
    return folder


def boundaries(journal):
    return [at + 1 for at, byte in enumerate(journal[:-1]) if byte == ord("\n")]


def test_cut_at_every_record_and_within_them_it_becomes_the_same(whole, tmp_path):
    ends = [0, *boundaries(whole)]
    assert len(ends) > 60
    within = range(1, len(whole) - 1, len(whole) // POINTS)
    for cut in sorted({*ends, *within}):
        folder = left(tmp_path / str(cut), whole[:cut])
        result = replayed(folder, resume=True)
        assert result.ok, cut
        assert (folder / "journal.jsonl").read_bytes() == whole, cut
        shutil.rmtree(folder)


def test_a_resumption_that_is_cut_off_in_its_turn_loses_nothing(whole, tmp_path, monkeypatch):
    cut = boundaries(whole)[40] + 7
    folder = left(tmp_path / "cut", whole[:cut])
    really, written = FileJournal.write, 0

    def dies(journal, record):
        nonlocal written
        written += 1
        if written == 20:
            raise SystemError("killed")
        really(journal, record)

    monkeypatch.setattr(FileJournal, "write", dies)
    with pytest.raises(SystemError):
        replayed(folder, resume=True)
    assert (folder / "journal.jsonl").read_bytes() == whole[:cut]
    monkeypatch.undo()
    replayed(folder, resume=True)
    assert (folder / "journal.jsonl").read_bytes() == whole


def test_an_interrupted_one_goes_on_behind_its_last_record(whole, tmp_path):
    cut = boundaries(whole)[30]
    folder = tmp_path / "interrupted"
    journal = FileJournal(folder)
    with journal._file as file:
        file.truncate(0)
        file.seek(0)
        file.write(whole[:cut])
    footer = b'{"interrupted":true,"kind":"footer","n":31,"records":31'
    from harness.ledger.journal import chain

    last = whole[:cut].splitlines()[-1].rpartition(b'"hash":"')[2].removesuffix(b'"}').decode()
    line = footer + b',"hash":"' + chain(last, footer + b"}").encode() + b'"}\n'
    (folder / "journal.jsonl").write_bytes(whole[:cut] + line)
    replayed(folder, resume=True)
    assert (folder / "journal.jsonl").read_bytes() == whole


def test_the_logs_that_were_there_stay_until_the_ledger_goes_on(whole, tmp_path):
    folder = left(tmp_path / "cut", whole[: boundaries(whole)[40]])
    (folder / "logs.jsonl").write_text("of the former run\n")
    with pytest.raises(LedgerError):
        replayed(folder, sales(answer=7), resume=True)
    assert (folder / "logs.jsonl").read_text() == "of the former run\n"
    assert sorted(path.name for path in folder.iterdir()) == ["journal.jsonl", "logs.jsonl"]
    result = replayed(folder, resume=True)
    tries = result.sql("select count(*) from attempts where state in ('success', 'up_for_retry')").fetchone()
    assert result.sql("select count(*) from logs").fetchone() == tries
    assert sorted(path.name for path in folder.iterdir()) == ["journal.jsonl", "logs.jsonl"]


def test_where_nothing_was_it_begins(whole, tmp_path):
    replayed(tmp_path / "new", resume=True)
    assert (tmp_path / "new" / "journal.jsonl").read_bytes() == whole


def test_another_dag_or_other_options_do_not_go_on(whole, tmp_path):
    cut = boundaries(whole)[-10]
    folder = left(tmp_path / "other", whole[:cut])
    with pytest.raises(LedgerError, match="comes out otherwise than before") as refused:
        replayed(folder, sales(answer=7), resume=True)
    assert '"value": [1, 2]' in str(refused.value)
    assert '"value": [7, 2]' in str(refused.value)
    with pytest.raises(LedgerError, match="record 0 comes out otherwise") as refused:
        replayed(folder, seed=5, resume=True)
    assert '{"seed": 0}, it is {"seed": 5}' in str(refused.value)
    assert (folder / "journal.jsonl").read_bytes() == whole[:cut]


def test_a_whole_one_and_an_altered_one_are_refused(whole, tmp_path):
    with pytest.raises(UsageError, match="is whole: there is nothing to resume"):
        replayed(left(tmp_path / "whole", whole), resume=True)
    altered = whole.replace("größe".encode(), b"breite", 1)
    with pytest.raises(LedgerError, match="does not follow from the one before"):
        replayed(left(tmp_path / "altered", altered), resume=True)
    with pytest.raises(UsageError, match="--ledger DIR"):
        ReplayOptions(("sales",), START, START, resume=True)


def test_two_at_once_on_one_ledger_are_refused(tmp_path):
    import subprocess
    import sys

    with FileJournal(tmp_path / "shared"):
        script = (
            "import sys; from pathlib import Path; from harness.ledger.journal import FileJournal\n"
            "from harness.errors import UsageError\n"
            "try: FileJournal(Path(sys.argv[1]))\n"
            "except UsageError as error: print(error.fact)"
        )
        command = [sys.executable, "-c", script, str(tmp_path / "shared")]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "is being written by another run" in said
