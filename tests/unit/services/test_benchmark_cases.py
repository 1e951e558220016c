"""What benchmarks measure of services still runs: one test of each in place of twenty."""

from __future__ import annotations

import pytest

from benchmarks import services_case


@pytest.mark.parametrize("name", ["postgres", "s3"])
def test_it_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services_case, "TESTS", 1)
    assert {*getattr(services_case, name)()} == {f"{name}_start_s", f"{name}_test_ms"}
