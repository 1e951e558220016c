"""What is seen before a ledger's server starts."""

import socket

import pytest

from harness.errors import LedgerError, UiUnavailable, UsageError
from harness.ledger.journal import FileJournal
from harness.ui import served


def test_an_airflow_without_its_ui(tmp_path, monkeypatch):
    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(served, "find_spec", lambda _: Spec)
    with pytest.raises(UiUnavailable, match="is installed without its web UI") as raised:
        served.refuse_without_ui()
    assert raised.value.where == str(tmp_path / "ui" / "dist")
    (tmp_path / "ui" / "dist").mkdir(parents=True)  # as Airflow itself makes it
    with pytest.raises(UiUnavailable):
        served.refuse_without_ui()
    (tmp_path / "ui" / "dist" / "index.html").touch()
    served.refuse_without_ui()


def test_the_installed_airflow_has_it():
    served.refuse_without_ui()


def test_a_port_is_had_once():
    with served.listening_on(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1 cannot be had: Address already in use"):
            served.listening_on(port)
    with served.listening_on(port) as again:
        assert again.getsockname() == ("127.0.0.1", port)
        assert isinstance(again, socket.socket)


def test_a_ledger_is_read_to_its_end(tmp_path):
    with FileJournal(tmp_path / "whole"):
        pass
    whole = served.checked(tmp_path / "whole")
    assert (whole.name, whole.cut_off) == ("whole", False)
    journal = tmp_path / "whole" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-5])
    cut = served.checked(tmp_path / "whole")
    assert (cut.size, cut.cut_off) == (whole.size, True)
    journal.write_text("a,b\n")
    with pytest.raises(LedgerError):
        served.checked(tmp_path / "whole")
