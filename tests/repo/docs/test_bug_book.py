"""The bug book is true: the harness finds each bug as the page says, and says nothing of what is mended."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.results.finding import Finding
from tests.repo.docs.bug_book import FILE, MEASURED, page, told
from tests.repo.docs.bugs.harness_says import as_shown, commanded, findings, rehearsed
from tests.repo.docs.bugs.peers import TOOLS, Measured
from tests.repo.docs.bugs.stories import REHEARSAL, REHEARSALS, stories, version, written


@pytest.mark.pages
def test_the_page_is_what_is_said() -> None:
    write = "python -m tests.repo.docs.bug_book --write"
    assert FILE.read_text(encoding="utf-8") == page(told(), Measured.read(MEASURED)), write


@pytest.mark.pages
def test_a_command_tells_some_of_them_without_a_test(tmp_path: Path) -> None:
    root, rehearsed_by = written(tmp_path)[-1], {one.name: one.command for one in stories() if one.command}
    assert len(rehearsed_by) == 4
    page = FILE.read_text(encoding="utf-8")
    for name, command in rehearsed_by.items():
        said = page.partition(f'id="{name.replace("_", "-")}"')[2].split("```text\n")[1].partition("\n```")[0]
        assert said.partition(": ")[0] in commanded(root, command), name


@pytest.mark.pages
def test_nothing_is_said_of_what_is_mended(tmp_path: Path) -> None:
    roots = written(tmp_path, mended=True)
    assert [one for root in roots for one in findings(root)] == []
    assert rehearsed(roots[-1]) == {}


def test_each_story_is_told_in_a_few_words_and_has_a_mend() -> None:
    every = stories()
    assert len(every) >= 40
    assert len({one.name for one in every}) == len(every)
    for story in every:
        assert 20 < len(story.text.split()) < 60 or len(story.text) < 250, story.name
        for shown in (story.bug, story.mend):
            assert shown, story.name
            ast.parse(shown)
        bug, mended = ([version(file.read_text(), fixed) for file in story.files] for fixed in (False, True))
        assert bug != mended, story.name
        for text in (*bug, *mended):
            ast.parse(text)


def test_what_stands_apart_in_a_file_stands_apart_on_the_page() -> None:
    told = {story.name: story for story in stories()}
    assert told["csv_at_import"].bug.endswith("ORDERS = list(csv.DictReader(file))\n\nreturn len(ORDERS)")
    assert told["sub_dag"].mend.endswith(
        '\n\nwith TaskGroup("load"):\n    BashOperator(task_id="copy", bash_command="echo copied")'
    )
    assert told["swallowed_error"].mend.startswith("from airflow.sdk import BaseHook\n\nat = ")


def test_lines_that_stand_in_both_are_shown_in_both() -> None:
    told = {story.name: story for story in stories()}
    late = told["late_binding"]
    assert late.bug.endswith('    def load():\n        return f"loaded {table}"')
    assert late.mend == late.bug.replace("load()", "load(table=table)")
    assert told["never_called"].mend == told["never_called"].bug + "\n\n\nnever_called()"


def test_the_page_is_the_same_tomorrow() -> None:
    said = "catchup=True: unpausing the Dag today makes about {} runs, 16 at a time"
    shown = {as_shown(Finding("catchup-storm", "warning", said.format(runs), "a.py", 1)) for runs in ("999", "2,524")}
    assert len(shown) == 1


def test_each_rehearsal_is_of_a_story() -> None:
    rehearsals = {node.name for node in ast.parse(REHEARSALS.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert rehearsals == {f"test_{one.name}" for one in stories() if one.finder == REHEARSAL}


def test_the_others_were_asked_about_all_of_them() -> None:
    measured = Measured.read(MEASURED)
    assert set(measured.verdicts) == {one.name for one in stories()}
    assert {tool for said in measured.verdicts.values() for tool in said} <= set(TOOLS)
    assert set(measured.versions) == {"Airflow", *list(TOOLS.values())[1:]}
