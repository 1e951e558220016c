"""Where a ledger that nobody named stays, and where it goes again."""

from __future__ import annotations

import os

import pytest

from harness.cli import ledgers
from harness.errors import UsageError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(ledgers, "ledgers_home", lambda: tmp_path / "home")
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home"


def test_it_stays_after_the_run():
    with ledgers.ledger_folder(None, "sales", lambda: False) as folder:
        pass
    assert folder.is_dir()


@pytest.mark.parametrize("error", [UsageError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("has_result", [True, False])
def test_after_an_error_it_stays_where_there_is_something_to_show(error, has_result):
    with pytest.raises(type(error)), ledgers.ledger_folder(None, "sales", lambda: has_result) as folder:
        raise error
    assert folder.exists() is has_result


def test_a_folder_of_the_users_stays_whatever_happens(tmp_path):
    with pytest.raises(UsageError), ledgers.ledger_folder(tmp_path / "mine", "sales", lambda: False):
        raise UsageError("no")
    assert (tmp_path / "mine").is_dir()


@pytest.fixture
def full(home):
    """As many ledgers as are kept; ``n0`` is the oldest."""
    for number in range(ledgers.KEPT):
        folder = home / f"n{number}"
        folder.mkdir()
        (folder / "journal.jsonl").touch()
        os.utime(folder, (number, number))
    return home


def test_the_ledger_that_a_run_goes_by_stays_while_it_makes_its_own(full):
    assert ledgers.past_ledger("n0", None) == full / "n0"
    with ledgers.ledger_folder(None, "sales", lambda: False):
        assert sorted(one.name for one in full.glob("n[0-2]")) == ["n0", "n2"]


def test_one_that_the_user_keeps_elsewhere_is_left_as_it_is(full, tmp_path):
    friday = tmp_path / "friday"
    friday.mkdir()
    (friday / "journal.jsonl").touch()
    os.utime(friday, (5, 5))
    assert ledgers.past_ledger(str(friday), tmp_path / "saturday") == friday
    assert friday.stat().st_mtime == 5


def test_no_run_writes_over_the_ledger_that_it_goes_by(full):
    other = full.parent / "link"
    other.symlink_to(full / "n0")
    with pytest.raises(UsageError, match="is the ledger of --from-ledger"):
        ledgers.past_ledger("n0", other)
