"""Dags in archives: their tasks have the modules of their own archive, as a worker that parsed it alone."""

from __future__ import annotations

import sys
import zipfile

import pytest

from harness.bridge.timetables import parse_date
from harness.kernel.loaded_modules import loaded
from harness.simulation import CalendarOptions, Rehearsal

DAG = """
from datetime import datetime
from airflow.sdk import DAG, task
{top}

def told(context):
    from common import words
    open({seen!r}, "a").write(words.WORD + " ")

with DAG({dag_id!r}, schedule="@daily", start_date=datetime(2025, 1, 1), on_success_callback=told):
    @task
    def says():
        {body}
    says()
"""


@pytest.fixture
def archive(tmp_path):
    """Write an archive of one Dag with a package ``common``."""

    def write(dag_id, body, top="from common import words", package="common", **more):
        path = tmp_path / "dags" / f"{dag_id}.zip"
        path.parent.mkdir(exist_ok=True)
        text = DAG.format(dag_id=dag_id, body=body, top=top, seen=str(tmp_path / "seen"))
        files = {f"{dag_id}.py": text, f"{package}/words.py": f"WORD = {dag_id!r}\nfrom time import sleep\n"}
        with zipfile.ZipFile(path, "w") as opened:
            for name, content in {**files, f"{package}/__init__.py": "", **more}.items():
                opened.writestr(name, content)
        return path

    yield write
    loaded.aside.clear()


def said(rehearsal, dag_id):
    result = rehearsal.run(dag_id)
    assert result.ok, result.findings
    return result.task("says").xcom()


def test_a_task_imports_again_what_its_file_imported(archive, tmp_path):
    path = archive("first", "from common import words; import common.words as more; return [words.WORD, more.WORD]")
    before = dict(sys.modules)
    assert said(Rehearsal.of_paths([path]), "first") == ["first", "first"]
    assert (tmp_path / "seen").read_text() == "first "
    assert "common" not in sys.modules
    assert {name for name in sys.modules.keys() - before.keys() if name.startswith("common")} == set()


def test_what_it_did_not_import_at_the_top_is_not_found_as_in_airflow(archive):
    path = archive("first", "import other", **{"other/__init__.py": ""})
    result = Rehearsal.of_paths([path]).run("first")
    assert "No module named 'other'" in str(result.task("says").error)


def test_each_archive_has_its_own_while_their_tasks_take_turns(archive, tmp_path):
    body = "import time; from common import words as a; time.sleep(60); from common import words as b; "
    for dag_id in ("first", "second"):
        archive(dag_id, body + "return [a.WORD, b.WORD]")
    days = CalendarOptions(parse_date("2025-01-01"), parse_date("2025-01-03"))
    result = Rehearsal.of_paths([tmp_path / "dags"]).simulate(days)
    ended = [run for run in result.runs if run.state == "success"]
    assert {(run.dag_id, *run.task("says").xcom()) for run in ended} == {
        ("first", "first", "first"),
        ("second", "second", "second"),
    }


def test_a_plain_file_s_module_of_that_name_is_another(archive, tmp_path, monkeypatch):
    archive("zipped", "from common import words; return words.WORD")
    plain = tmp_path / "dags" / "a_plain.py"
    text = DAG.format(dag_id="plain", top="from common import words", seen=str(tmp_path / "seen"), body="{}")
    plain.write_text(text.format("from common import words; return words.WORD"))
    (tmp_path / "dags" / "common").mkdir()
    (tmp_path / "dags" / "common" / "words.py").write_text("WORD = 'plain'")
    rehearsal = Rehearsal.of_paths([tmp_path / "dags"])
    assert [said(rehearsal, dag_id) for dag_id in ("plain", "zipped", "plain")] == ["plain", "zipped", "plain"]
    for name in [one for one in sys.modules if one.partition(".")[0] == "common"]:
        del sys.modules[name]


def test_a_folder_without_init_is_a_package_too(archive, tmp_path, monkeypatch):
    (tmp_path / "elsewhere" / "common").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")  # where its path is looked for once the archive is gone
    for dag_id in ("first", "second"):
        path = archive(dag_id, "from common import words; return words.WORD")
        with zipfile.ZipFile(path) as opened:
            files = {name: opened.read(name) for name in opened.namelist() if "__init__" not in name}
        with zipfile.ZipFile(path, "w") as opened:
            for name, content in {"common/": "", **files}.items():  # zipimport asks for the folder's own entry
                opened.writestr(name, content)
    rehearsal = Rehearsal.of_paths([tmp_path / "dags"])
    assert [said(rehearsal, dag_id) for dag_id in ("first", "second")] == ["first", "second"]


def test_a_sleep_that_an_archive_s_module_imported_by_name_is_virtual(archive):
    path = archive("first", "words.sleep(3600); return [words.WORD]")
    result = Rehearsal.of_paths([path]).run("first")
    assert (result.end_date - result.start_date).total_seconds() == 3600


def test_a_check_s_parse_leaves_the_modules_for_the_checks(archive):
    from harness.bridge.loader import forget_dags, modules_of

    path, modules = archive("first", "return 1"), []
    try:
        assert modules_of(path, modules) == []
        assert sys.modules["common.words"].WORD == "first"
    finally:
        forget_dags()
        for name in ("first", "common", "common.words"):
            sys.modules.pop(name, None)
