"""A hundred hostile files in one run: each gets its verdict, the good ones beside them theirs, and nothing is left."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.hostile.cases import CORPUS, contents, copied, differs, gate
from tests.hostile.made import big, make
from tests.hostile.processes import asleep, becomes, marked

SLEEP = "617"
"""Seconds that a program of the corpus sleeps: by that it is known when it is left behind."""


def test_every_file_gets_its_verdict_and_nothing_is_left(tmp_path, monkeypatch):
    folder, temporary = tmp_path / "dags", tmp_path / "tmp"
    wanted = {**copied(folder), **make(folder)}
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("HOSTILE_RUN", str(tmp_path))
    before, here = contents(folder), contents(Path.cwd() / "dags_under_test")

    began = time.monotonic()
    result = gate(folder, timeout_s=4, checking_s=15, memory_mb=256, jobs=3)

    print(f"{len(result.files)} files in {time.monotonic() - began:.0f} s")
    told = {Path(file.path).name: differs(file, wanted[Path(file.path).name]) for file in result.files}
    assert not [difference for difference in told.values() if difference], "\n".join(filter(None, told.values()))
    assert set(told) == set(wanted)
    assert len(list(CORPUS.glob("*.py"))) >= 60

    ids = {Path(file.path).name: list(file.dag_ids) for file in result.files}
    assert ids["waiting_game.py"] == ["waiting_game"]
    assert ids["weather_etl.py"] == ["weather_etl"]
    assert ids["half_bad.zip"] == ["beside_a_bad_one"]
    assert len(ids["many_dags.py"]) == 1000

    assert contents(folder) == before
    assert contents(Path.cwd() / "dags_under_test") == here
    assert becomes(set(), lambda: asleep(SLEEP) | marked(f"HOSTILE_RUN={tmp_path}"), patience_s=1)
    assert not list(temporary.iterdir())


def test_a_file_of_50_megabytes_is_parsed(tmp_path):
    folder = tmp_path / "dags"
    folder.mkdir()
    big(folder, 50)
    result = gate(folder, timeout_s=60)
    assert result.files[0].dag_ids == ("big",)
    assert not result.findings
