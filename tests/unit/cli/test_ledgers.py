"""Where a ledger that nobody named stays, and where it goes again."""

from __future__ import annotations

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
