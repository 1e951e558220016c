"""The runner of the pages sees what is wrong with a page: canaries, each of which must fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repo.docs import pages
from tests.repo.docs.blocks import BadBlock, blocks
from tests.repo.docs.capture import recaptured
from tests.repo.docs.pages import EMPTY, WHOLE, BlockFailed, Runner


def fenced(info: str, text: str) -> str:
    return f"```{info}\n{text}\n```\n"


def run(folder: Path, *page: str) -> int:
    return Runner(folder / "page", folder / "aside").page("\n".join([EMPTY, *page]), "canary.md")


@pytest.fixture(autouse=True)
def the_documented_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "version", lambda _: f"{pages.DOCUMENTED}.0")


GOOD = [
    fenced("python", "import harness"),
    fenced("python file=there/a.py", "A = 1") + fenced("console", "$ cat there/a.py | grep 1"),
    fenced("python test=test_a.py", "def test_a():\n    pass"),
    fenced("python test", "def test_a():\n    pass"),
    "<!-- capture: echo 'a (12 ms real)' -->\n" + fenced("text", "a (0.3 s real)"),
    "<!-- capture: echo 'a (1 min 05 s real)' -->\n" + fenced("text", "a (0.3 s real)"),
    fenced("console output", "$ echo one; echo two three\none\ntwo ..."),
    fenced("console output", "$ echo 'airflow-harness: main: beginning  |  12 s so far'; echo one\none"),
    fenced("console output", "$ echo \\\n> next\nnext"),
    fenced("console exit=3", "$ true\n$ exit 3"),
    fenced("console", "$ pip install airflow-harness 'pytest>=1'"),
    fenced("console", "$ pip install -q '.[postgres]'"),
    fenced("console by=.ci/run", "$ set -euo pipefail"),
    fenced("yaml", "a: [1]") + fenced("json", "[1]") + fenced("toml", "a = 1") + fenced("text", "anything"),
    "1. in a list\n\n   ```python\n   import sys\n   ```\n",
]

BAD = [
    fenced("python", "raise SystemExit(1)"),
    fenced("python", "import nothing_of_that_name"),
    fenced("python test=test_a.py", "def test_a():\n    assert False"),
    fenced("python test=test_a.py", "no_test_at_all = True"),
    fenced("console", "$ false"),
    fenced("console", "$ false | true"),
    fenced("console", "$ false\n$ true"),
    fenced("console exit=3", "$ exit 4"),
    fenced("console output", "$ echo one\ntwo"),
    fenced("console output", "$ echo one"),
    fenced("python test", "def test_a():\n    assert False"),
    "<!-- capture: echo a -->\n" + fenced("text", "b"),
    "<!-- capture: false -->\n" + fenced("text", ""),
    fenced("console timeout=0.2", "$ sleep 9"),
    fenced("console", "$ pip install a-package-that-is-not-here"),
    fenced("console by=.ci/run", "$ something else"),
    fenced("yaml", "a: ]"),
    fenced("json", "{"),
    fenced("toml file=b.toml", "a ="),
]

UNCLEAR = [
    fenced("", "no language"),
    fenced("bash", "true"),
    fenced("sql", "select 1"),
    fenced("python skip", "1"),
    fenced("console", "true"),
    fenced("console", ""),
    "```python\nnever closed\n",
]


@pytest.mark.parametrize("page", GOOD)
def test_a_good_block_passes(tmp_path: Path, page: str) -> None:
    assert run(tmp_path, page) >= 1


@pytest.mark.parametrize("page", BAD)
def test_a_failing_block_fails_and_says_where(tmp_path: Path, page: str) -> None:
    with pytest.raises(BlockFailed, match=r"^canary\.md:\d+: "):
        run(tmp_path, "", page)


@pytest.mark.parametrize("page", UNCLEAR)
def test_a_block_that_does_not_say_how_it_runs_is_an_error(tmp_path: Path, page: str) -> None:
    with pytest.raises(BadBlock, match=r"^line \d+: "):
        run(tmp_path, page)


def test_a_fence_inside_a_longer_fence_is_text() -> None:
    assert [block.text for block in blocks("````text\n```python\n1\n```\n````\n")] == ["```python\n1\n```\n"]


def test_a_page_for_those_who_change_the_package_runs_the_copy(tmp_path: Path) -> None:
    page = f"""{WHOLE}
```console
$ echo 'MARK = 7' >> harness/__init__.py
$ test "$(python -c 'import harness; print(harness.MARK)')" = 7
$ git ls-files --error-unmatch tests/repo/docs/pages.py
```
"""
    assert Runner(tmp_path / "page", tmp_path / "aside").page(page, "canary.md") == 1


def test_a_page_begins_in_a_copy_of_the_checkout_without_the_package(tmp_path: Path) -> None:
    page = fenced("console", "$ test -d dags_under_test -a -f pyproject.toml -a ! -e harness -a ! -e tests")
    assert Runner(tmp_path / "page", tmp_path / "aside").page(page, "canary.md") == 1


@pytest.mark.parametrize("before", ["", "stale\n", "two\nstale\n\n"])
def test_capture_writes_what_the_runner_then_accepts(tmp_path: Path, before: str) -> None:
    page = f"{EMPTY}\n\n<!-- capture: seq 2; mktemp -->\n```text\n{before}```\nafter\n"
    written = recaptured(page, tmp_path / "first")
    assert written == f"{EMPTY}\n\n<!-- capture: seq 2; mktemp -->\n```text\n1\n2\n...\n```\nafter\n"
    assert run(tmp_path / "second", written) == 1
