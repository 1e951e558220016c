"""Writes the page: one file of HTML, with its style, its script and its data inside, that asks nobody for anything."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.project.written import write_whole
from harness.report.page.columns import columns_of, shared
from harness.report.page.texts import escaped

if TYPE_CHECKING:
    from harness.ledger.comparison.result import Comparison

MOST_BYTES = 2_900_000
"""Of a page, where texts can be cut to that: what mail and artifact viewers take."""

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = (
    "dom", "ledger", "why", "panel", "overview", "grid", "graph", "timeline", "gantt", "slots", "durations",
    "calendar", "xcoms", "findings", "comparison", "main",
)  # fmt: skip
"""Parts of the page's script, in the order in which they are read."""
_ROUNDS = 6
"""Times that texts are cut anew until the page is as small as it should be."""


def write_page(ledgers: Sequence[tuple[str, Path]], file: Path, comparison: Comparison | None = None) -> None:
    """Write the page of a ledger, or of two that were compared, into a file.

    Args:
        ledgers: what each is called, and its folder.
        comparison: of the two.
    Raises: LedgerError: one of them is none of ours. OSError: the file cannot be written.
    """
    write_whole(file, page(ledgers, comparison))


def page(ledgers: Sequence[tuple[str, Path]], comparison: Comparison | None = None) -> str:
    """The same, as a text. Raises: LedgerError."""
    read = [columns_of(folder, name) for name, folder in ledgers]
    told = None if comparison is None else comparison.to_json()
    fixed = {"comparison": told, "ledgers": [one.columns for one in read]}
    frame = _frame(" | ".join(name for name, _ in ledgers), "")
    room = MOST_BYTES - _size(frame) - _size(escaped(fixed))
    for _ in range(_ROUNDS):
        data = escaped({"comparison": told, "ledgers": shared(read, max(room, 0))})
        over = _size(frame) + _size(data) - MOST_BYTES
        if over <= 0 or room <= 0:
            break
        room = min(room - over, int(room * 0.8))
    return _frame(" | ".join(name for name, _ in ledgers), data)


def _frame(title: str, data: str) -> str:
    """The page around its data.

    Its policy permits our script and our style by their hashes, and nothing else: what a log or an XCom smuggled in
    would not run, and nothing is fetched.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    parts = [(ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = '"use strict";\n(() => {\n' + "\n".join(parts) + "\n})();\n"
    environment = Environment(loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined)
    facts: dict[str, Any] = {
        "title": title,
        "style": Markup(style),
        "script": Markup(script),
        "data": Markup(data),  # escaped, as JSON
        "style_hash": _hash(style),
        "script_hash": _hash(script),
    }
    return environment.get_template("page.html").render(facts)


def _hash(text: str) -> str:
    """As a content security policy names a script or a style."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))
