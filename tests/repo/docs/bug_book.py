"""The bug book as a page: each story, its bug, what the harness says of it, and who else would have.

``python -m tests.repo.docs.bug_book --write`` writes ``docs/bug-book.md`` anew. With ``--measure`` others are run on
all of them first, for minutes, and ``docs/bug-book.json`` keeps what they said; ``tox -e peers`` has what that takes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.repo.docs.bugs import peers
from tests.repo.docs.bugs.harness_says import as_shown, findings, rehearsed
from tests.repo.docs.bugs.stories import CHAPTERS, DAGS, REHEARSAL, Story, rehearsal_of, stories, written
from tests.repo.sources import ROOT

FILE = ROOT / "docs" / "bug-book.md"
MEASURED = ROOT / "docs" / "bug-book.json"
_HEAD = """\
# The bug book

<!-- written by python -m tests.repo.docs.bug_book --write: change dags_under_test/bad/book -->
<!-- begins: empty folder -->

{count} bugs that engineers tell stories about. Each is a Dag in `dags_under_test/bad/book`, and each is mended in the
same file: CI has the harness find it, by `airflow-harness check` or by a rehearsal of a few lines, and say nothing of
the mended one.

A check needs nobody. A rehearsal does: somebody says in a line what should come out, because no tool knows whether a
report of zero rows is right. {commands} of them `run` and `replay` tell without such a line; {asserted} they do not.

Who else would have found it was measured, not guessed: `dag.test()`, ruff with its rules for Airflow and general ones,
pylint, and the smoke tests of pytest-airflow-in-a-box with all that they can forbid were run on both. A tool finds a
bug where it says something of the one that it does not say of the other, and what it says is about the bug.
{versions}.

| bug | harness | {tools} |
|---|---|{rules}
{rows}
| **found, of {count}** | **{count}** | {totals} |
"""


def told() -> dict[str, str]:
    """What the harness says of each story. Raises: LookupError: of one it says nothing, or something else too."""
    with tempfile.TemporaryDirectory() as scratch:
        roots = written(Path(scratch))
        found = [one for root in roots for one in findings(root)]
        failed = rehearsed(roots[-1])
    said = {}
    for story in stories():
        names = {path.relative_to(DAGS.parent).as_posix() for path in story.files}
        mine = [one for one in found if one.path in names]
        by = {one.check for one in mine} | ({REHEARSAL} if story.name in failed else set())
        if by != {story.finder, *story.also}:
            raise LookupError(f"{story.name} is found by {sorted(by)}, not by {[story.finder, *story.also]}")
        shown = [as_shown(one) for one in mine if one.check == story.finder]
        said[story.name] = failed.get(story.name) or "\n\n".join(shown)
    return said


def page(said: Mapping[str, str], measured: peers.Measured) -> str:
    """The whole page.

    Args:
        said: what the harness says, by story.
    """
    every = stories()
    rows = "\n".join(_row(story, measured) for story in every)
    totals = " | ".join(f"**{sum(measured.says(tool, one.name) != '' for one in every)}**" for tool in measured.tools)
    rehearsals = [story for story in every if story.finder == REHEARSAL]
    commands = sum(bool(story.command) for story in rehearsals)
    head = _HEAD.format(
        count=len(every),
        commands=commands,
        asserted=len(rehearsals) - commands,
        versions=", ".join(f"{name} {version}" for name, version in measured.versions.items()),
        tools=" | ".join(measured.tools),
        rules="---|" * len(measured.tools),
        rows=rows,
        totals=totals,
    )
    return "\n".join([head.rstrip("\n"), *_chapters(every, said, measured)]) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page with ``--write``, else print it; with ``--measure`` run the others first."""
    if "--measure" in arguments:
        MEASURED.write_text(json.dumps(peers.measured(stories()), indent=1) + "\n", encoding="utf-8")
    text = page(told(), peers.Measured.read(MEASURED))
    if "--write" in arguments:
        FILE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def _row(story: Story, measured: peers.Measured) -> str:
    marks = " | ".join("yes" if measured.says(tool, story.name) else "–" for tool in measured.tools)
    how = f"`{story.finder}`" if story.finder != REHEARSAL else REHEARSAL
    return f"| [{story.title}](#{_anchor(story)}) | {how} | {marks} |"


def _chapters(every: list[Story], said: Mapping[str, str], measured: peers.Measured) -> Iterator[str]:
    for chapter, title in CHAPTERS.items():
        yield f"\n## {title}"
        for story in every:
            if story.chapter == chapter:
                yield from _section(story, said[story.name], measured)


def _section(story: Story, said: str, measured: peers.Measured) -> Iterator[str]:
    yield f'\n<a id="{_anchor(story)}"></a>\n\n### {story.title}\n'
    yield story.text
    if story.bug:
        yield f"\n```python file=bugs/{story.name}.py\n{story.bug}\n```"
    if story.finder == REHEARSAL:
        yield f"\n```python file=rehearsals/test_{story.name}.py\n{rehearsal_of(story)}\n```"
    yield f"\n```text\n{said}\n```"
    if story.command:
        yield f"\n`airflow-harness {story.command}` tells it without a test."
    if story.mend:
        yield f"\nMended:\n\n```python file=mended/{story.name}.py\n{story.mend}\n```"
    heard = [f"* {tool}: {_quoted(what)}" for tool in measured.tools if (what := measured.says(tool, story.name))]
    yield "\n" + ("\n".join(["The others:\n", *heard]) if heard else "The others say nothing.")


def _quoted(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _anchor(story: Story) -> str:
    return story.name.replace("_", "-")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
