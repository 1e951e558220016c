"""The fenced blocks of a Markdown page, and what is to be done with each.

The word after the fence is the language, as GitHub colours it; what follows are our tags:

    ```console                          commands after "$ ", each must end with 0
    ```console exit=1                   the last one must end with 1
    ```console output                   and print what stands below it ("..." stands for anything)
    ```console by=.ci/run               not run here: the file named runs the very same lines
    ```python                           run as a program
    ```python file=dags/sales.py        saved, for the blocks below it
    ```python test                      run by pytest; test=tests/test_sales.py saves it under that name
    ```yaml file=fixtures/world.yaml    saved; so are toml, ini, json, csv, sql and text
    ```yaml                             must be valid; so must toml and json
    ```text                             neither run nor checked

``timeout=300`` (seconds; 120 otherwise) goes with all that run; with ``needs=mariadb`` only the test of that
mark runs it. Any other fence is an error.

The comment ``<!-- capture: COMMAND -->`` on the line above a ```text block says whose output the block is. The command
is run and has to print the same (with the newest Airflow), but for real durations and where the block has ``...``.
``python -m tests.repo.docs.capture README.md`` writes such blocks anew.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

RUN = ("console", "python")
CHECKED = ("json", "toml", "yaml")
SAVED = ("csv", "ini", "sql")
TAGS = {"by", "exit", "file", "needs", "output", "test", "timeout"}

_CAPTURE = re.compile(r"^ *<!-- capture: (?P<command>.+) -->$")
_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<info>.*)$")


class BadBlock(ValueError):
    """A fence that says nothing about how its block is to be run."""


@dataclass(frozen=True)
class Block:
    """A fenced block: the line of its fence, its language, its text without the indentation of the fence, its tags, and
    the command whose output it holds.
    """

    line: int
    language: str
    text: str
    tags: dict[str, str] = field(default_factory=dict)
    capture: str | None = None

    @property
    def timeout(self) -> float:
        """Seconds it may take."""
        return float(self.tags.get("timeout", 120))


@dataclass(frozen=True)
class Command:
    """What stands after ``$``, and what it prints according to the page."""

    text: str
    output: str


def blocks(page: str) -> list[Block]:
    """Every fenced block. Raises: BadBlock: one that is left open, or whose tags are not ours."""
    found: list[Block] = []
    lines = enumerate(page.splitlines(), 1)
    capture, above = None, None
    for number, line in lines:
        capture, above = above, _CAPTURE.match(line)
        if not (opening := _FENCE.match(line)):
            continue
        inside: list[str] = []
        for _, text in lines:
            closing = _FENCE.match(text)
            if closing and closing["fence"].startswith(opening["fence"]) and not closing["info"].strip():
                break
            inside.append(text.removeprefix(opening["indent"]))
        else:
            raise BadBlock(f"line {number}: the block is never closed")
        found.append(_block(number, opening["info"].strip(), "".join(f"{inner}\n" for inner in inside), capture))
    return found


def commands(block: Block) -> list[Command]:
    """The commands of a console block: ``$ `` begins one, ``> `` goes on with it, all else is output."""
    found: list[tuple[list[str], list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(([line[2:]], []))
        elif not found:
            raise BadBlock(f"line {block.line}: a console block begins with '$ ', not with {line!r}")
        elif line.startswith("> ") and not found[-1][1]:
            found[-1][0].append(line[2:])
        else:
            found[-1][1].append(line)
    if not found:
        raise BadBlock(f"line {block.line}: a console block without a command")
    return [Command("\n".join(words), "\n".join(output)) for words, output in found]


def _block(line: int, info: str, text: str, capture: re.Match[str] | None) -> Block:
    language, *words = shlex.split(info) or [""]
    pairs = (word.partition("=") for word in words)
    tags = {key: value for key, _, value in pairs}
    if unknown := set(tags) - TAGS:
        raise BadBlock(f"line {line}: no such tag: {', '.join(sorted(unknown))}; there are {', '.join(sorted(TAGS))}")
    saved = "file" in tags
    if language == "text" or language in RUN + CHECKED or (language in SAVED and saved):
        return Block(line, language, text, tags, capture["command"] if capture and language == "text" else None)
    raise BadBlock(
        f"line {line}: a block in {language or 'no language'!r} is not run: tag it file=NAME, or make it ```text"
    )
