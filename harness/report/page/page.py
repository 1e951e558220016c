"""Writes the page: one file of HTML, with its style, its script and its data inside, that asks nobody for anything."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.report.page.columns import LedgerColumns, shared
from harness.report.page.rows import read_rows
from harness.report.page.texts import escaped
from harness.report.page.thinning import LeftOut, fitted

if TYPE_CHECKING:
    from harness.ledger.comparison.result import Comparison

MOST_BYTES = 2_900_000
"""Of a page, where texts can be cut to that: what mail and artifact viewers take."""

ASSETS = Path(__file__).parent / "assets"
AROUND = ("dom", "frame", "aside")
"""Parts of the script of every page, before its own."""

SCRIPTS = (
    *AROUND, "ledger", "why", "panel", "overview", "grid", "graph", "timeline", "gantt", "slots", "durations",
    "calendar", "xcoms", "findings", "comparison", "main",
)  # fmt: skip
"""Parts of the script of a ledger's page, in the order in which they are read."""
WITHOUT_SCRIPT = "airflow-harness sql answers questions to the ledger in a terminal."
_ROUNDS = 6
"""Times that texts are cut anew until the page is as small as it should be."""


@dataclass(frozen=True)
class LedgerPage:
    """The page of a ledger, or of several.

    Attributes:
        left_out: what it does not show of them, as it would be too large; None for nothing.
    """

    text: str
    left_out: LeftOut | None = None

    @property
    def note(self) -> str | None:
        """What somebody is told who has it written; None where it shows all."""
        if self.left_out is None:
            return None
        return (
            f"the page leaves out {self.left_out}, or it would be too large: it has what failed, then the newest runs"
        )


def page(ledgers: Sequence[tuple[str, Path]], comparison: Comparison | None = None) -> LedgerPage:
    """The page of a ledger, or of two that were compared.

    Args:
        ledgers: what each is called, and its folder.
        comparison: of the two.
    Raises: LedgerError: one of them is none of ours.
    """
    told = None if comparison is None else comparison.to_json()
    title = " | ".join(name for name, _ in ledgers)
    most = MOST_BYTES - _size(framed(title, ""))
    room = most - _size(escaped({"comparison": told, "ledgers": []}))
    parts, left_out = fitted([read_rows(folder, name) for name, folder in ledgers], room, _least)
    for_texts = room - _size(escaped([part.columns for part in parts]))
    for _ in range(_ROUNDS):
        data = escaped({"comparison": told, "ledgers": shared(parts, max(for_texts, 0))})
        over = _size(data) - most
        if over <= 0 or for_texts <= 0:
            break
        for_texts = min(for_texts - over, int(for_texts * 0.8))
    return LedgerPage(framed(title, data), left_out)


def _least(columns: Sequence[LedgerColumns]) -> int:
    """Bytes that ledgers take with as little text as there can be."""
    return _size(escaped(shared(columns, 0)))


def framed(
    title: str,
    data: str,
    scripts: Sequence[str] = SCRIPTS,
    styles: Sequence[str] = ("page",),
    without_script: str = WITHOUT_SCRIPT,
) -> str:
    """A page around its data.

    Args:
        data: as `escaped` gives it.
        scripts, styles: names of assets, without their endings.
        without_script: what helps where the browser runs no script.

    Its policy permits our script and our style by their hashes, and nothing else: what a log or an XCom smuggled in
    would not run, and nothing is fetched.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    style = "\n".join((ASSETS / f"{name}.css").read_text(encoding="utf-8") for name in styles)
    parts = [(ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in scripts]
    script = '"use strict";\n(() => {\n' + "\n".join(parts) + "\n})();\n"
    environment = Environment(loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined)
    facts: dict[str, Any] = {
        "title": title,
        "style": Markup(style),
        "script": Markup(script),
        "data": Markup(data),  # escaped, as JSON
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "without_script": without_script,
    }
    return environment.get_template("page.html").render(facts)


def _hash(text: str) -> str:
    """As a content security policy names a script or a style."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))
