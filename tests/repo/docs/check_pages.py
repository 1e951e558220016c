"""The catalogue as a page: what each check's docstring says, family by family.

``python -m tests.repo.docs.check_pages --write`` writes ``docs/checks.md`` anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc
from pathlib import Path

from harness.checks import catalogue
from harness.checks.context import LIMITS, OPTIONS
from harness.checks.registry import CHECKS, Check
from harness.gate.settings import PARSE_LIMITS

FILE = Path("docs/checks.md")
_HEAD = """\
# The checks

<!-- written by python -m tests.repo.docs.check_pages --write: change the docstrings in harness/checks -->

What `airflow-harness check` and pytest look for; how they are set, waived and extended stands in [The gate](gate.md).
`airflow-harness check --explain CHECK` shows a section of this page, `--list` the severities of your project.
"""


def page() -> str:
    """The whole page."""
    catalogue.load()
    return "\n".join(_lines()) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page with ``--write``, else print it."""
    if arguments == ["--write"]:
        FILE.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
    return 0


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "| check | severity | finds |"
    yield "|---|---|---|"
    families = [(family, _of(family)) for family in (*catalogue.FAMILIES, "upkeep")]
    for _, checks in families:
        for check in checks:
            yield f"| [`{check.id}`](#{check.id}) | {check.severity} | {_text(check.summary).rstrip('.')} |"
    for family, checks in families:
        if checks:
            yield f"\n## {family.capitalize()}\n"
            yield _text(cleandoc(import_module(f"harness.checks.{family}").__doc__ or "").split("\n\n")[0])
        for check in checks:
            yield f"\n### {check.id}\n"
            yield f"*{check.severity} by default*\n"
            yield _text(cleandoc(check.doc))
    yield from _table("Limits", "limits", {**LIMITS, **PARSE_LIMITS})
    yield from _table("Options", "options", OPTIONS)


def _of(family: str) -> list[Check]:
    return sorted((check for check in CHECKS.values() if check.family == family), key=lambda check: check.id)


def _table(title: str, name: str, rows: dict[str, float] | dict[str, str]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield f"Under `[tool.airflow-harness.{name}]`:\n"
    yield "| name | default |"
    yield "|---|---|"
    for key, value in sorted(rows.items()):
        yield f"| `{key}` | `{value if isinstance(value, str) else format(value, 'g')}` |"


def _text(text: str) -> str:
    return text.replace("``", "`")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
