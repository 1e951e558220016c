"""The baseline: what is known is not told again, and what is gone is said."""

from __future__ import annotations

import json

import pytest
from gate_builders import found, quiet

from harness.errors import UsageError
from harness.gate.baseline import Baseline


def kept(root, *findings, file="base.json", **more):
    made = quiet(root, *findings, **more)
    baseline = made.as_baseline(Baseline())
    baseline.write(root / file)
    return Baseline.read(root / file)


def looked_at_with(baseline, root, *findings, **more):
    made = quiet(root, *findings, **more)
    made.subtract(baseline)
    told = [(finding.check, finding.line) for finding in made.result.findings]
    return told, made.known, [(entry[0], entry[1]) for entry in sorted(made.gone.entries)]


def test_lines_and_numbers_may_move(tmp_path):
    dag = tmp_path / "dags" / "a.py"
    slow = "the file takes 2.5 s, line 3 of it 2 s"
    baseline = kept(tmp_path, found(dag, 3, dag_id="a", task_id="b"), found(dag, 1, "parse-time", slow))
    again = found(dag, 30, dag_id="a", task_id="b"), found(dag, 1, "parse-time", slow.replace("3", "30"))
    assert looked_at_with(baseline, tmp_path, *again) == ([], 2, [])
    other = found(dag, 30, dag_id="a", task_id="c")
    assert looked_at_with(baseline, tmp_path, *again, other)[0] == [("pool-missing", 30)]


def test_it_names_paths_in_the_project_so_that_others_can_use_it(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    baseline = kept(here, found(here / "dags" / "a.py", 3, message=f"writes {here}/out.txt"))
    assert json.loads((here / "base.json").read_text()) == {
        "schema": "airflow-harness/baseline/1",
        "findings": [{"check": "pool-missing", "path": "dags/a.py", "message": "writes out.txt"}],
    }
    again = found(there / "dags" / "a.py", 3, message=f"writes {there}/out.txt")
    assert looked_at_with(baseline, there, again) == ([], 1, [])


def test_more_of_the_same_are_told(tmp_path):
    dag = tmp_path / "a.py"
    baseline = kept(tmp_path, found(dag, 3), found(dag, 5))
    assert json.loads((tmp_path / "base.json").read_text())["findings"][0]["count"] == 2
    assert looked_at_with(baseline, tmp_path, found(dag, 4), found(dag, 6), found(dag, 9)) == (
        [("pool-missing", 9)],
        2,
        [],
    )


def test_what_is_gone_is_said_unless_it_was_not_looked_for(tmp_path):
    a, b, deleted = tmp_path / "a.py", tmp_path / "b.py", tmp_path / "c.py"
    for path in (a, b):
        path.touch()
    baseline = kept(tmp_path, found(a, 3), found(b, 3), found(deleted, 1))
    assert looked_at_with(baseline, tmp_path, found(a, 3), files=(b,))[2] == [
        ("pool-missing", "b.py"),
        ("pool-missing", "c.py"),
    ]
    assert looked_at_with(baseline, tmp_path, found(a, 3), partial=True)[2] == []
    assert looked_at_with(baseline, tmp_path, files=(a,), partial=True)[2] == [("pool-missing", "a.py")]
    assert looked_at_with(baseline, tmp_path, found(b, 1, "import-error"), found(a, 3))[2] == [("pool-missing", "c.py")]
    b.unlink()
    assert looked_at_with(baseline, tmp_path, files=(a,), select=("cycle",))[2] == [
        ("pool-missing", "b.py"),
        ("pool-missing", "c.py"),
    ]


def test_writing_again_drops_what_is_gone_and_keeps_what_was_not_looked_for(tmp_path):
    a, b = tmp_path / "a.py", tmp_path / "b.py"
    for path in (a, b):
        path.touch()
    former = kept(tmp_path, found(a, 3), found(b, 3))
    made = quiet(tmp_path, found(a, 7, "cycle"), files=(a,), partial=True).as_baseline(former)
    assert sorted((entry[0], entry[1]) for entry in made.entries) == [("cycle", "a.py"), ("pool-missing", "b.py")]


def test_a_check_that_failed_is_never_known(tmp_path):
    failed = found(tmp_path / "a.py", 1, "check-failed")
    baseline = kept(tmp_path, failed)
    assert baseline.entries.total() == 0
    assert looked_at_with(baseline, tmp_path, failed)[0] == [("check-failed", 1)]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": "x"}', '{"schema": "airflow-harness/baseline/1"}',
             '{"schema": "airflow-harness/baseline/1", "findings": [3]}', None]
)  # fmt: skip
def test_what_is_no_baseline_is_refused(tmp_path, text):
    file = tmp_path / "base.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match="--write-baseline"):
        Baseline.read(file)


def test_it_is_written_whole_or_the_old_one_stays(tmp_path, monkeypatch):
    file = tmp_path / "base.json"
    file.write_text("the old one")

    def full(self, *_args, **_kwargs):
        self.write_text("half of")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(file), "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        Baseline.of([found(tmp_path / "a.py", 3)], tmp_path).write(file)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("base.json", "the old one")]
