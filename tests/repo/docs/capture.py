"""``python -m tests.repo.docs.capture README.md``: write outputs of ``<!-- capture: COMMAND -->`` anew.

Earlier blocks of the page are not run: a captured command stands for itself.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from tests.repo.docs.blocks import blocks
from tests.repo.docs.pages import EMPTY, Runner

# What differs from run to run becomes "..."; the runner of the pages lets it stand for anything.
_TEMPORARY = re.compile(rf"{re.escape(tempfile.gettempdir())}/\S+")


def recaptured(page: str, folder: Path) -> str:
    """The page with its captured blocks as they are now."""
    runner = Runner(folder / "page", folder / "aside")
    runner.begin(empty=EMPTY in page)
    lines = page.splitlines()
    for block in reversed(blocks(page)):
        if block.capture:
            shown = _TEMPORARY.sub("...", runner.shell(block.capture, block)).strip("\n").splitlines()
            lines[block.line : block.line + block.text.count("\n")] = [line.rstrip() for line in shown]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as scratch:
            Path(argument).write_text(
                recaptured(Path(argument).read_text(encoding="utf-8"), Path(scratch)), encoding="utf-8"
            )
