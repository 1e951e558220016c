"""What makes runs quicker changes nothing: without any of it, the two sides agree as well."""

from __future__ import annotations

from harness.bridge.patches.shortcuts import VARIABLE
from tests.differential.soak import main


def test_the_two_sides_agree_without_shortcuts(monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, "")  # so that it is put back
    assert main(["--runs", "8", "--schedules", "2", "--first", "9000", "--no-shortcuts"]) == 0, capsys.readouterr().out
