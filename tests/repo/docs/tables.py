"""Pages that are a table of the code's: the patches.

``python -m tests.repo.docs.tables --write`` writes them anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.bridge.patches.inventory.patch import During, Patch
from harness.bridge.patches.inventory.table import PATCHES
from tests.repo.sources import ROOT

_PATCHES = """\
# What the harness patches

<!-- written by python -m tests.repo.docs.tables --write: change harness/bridge/patches/inventory -->

Everything of Airflow, of Python and of libraries that something else is put in the place of. What stands for a
simulation, or while Dag files are loaded, is put back afterwards, however that ended: a test looks at every target that
is named here before a run, from inside a task, and after it. `AIRFLOW_HARNESS_SHORTCUTS=off` leaves out what is there
for speed alone: a run is the same without it, byte for byte.

To add a patch, write its line into `harness/bridge/patches/inventory`, then the code in the module that the line names,
and then this page: `python -m tests.repo.docs.tables --write`. A test finds code that patches and stands in no line.
"""
_TITLES: dict[During, str] = {
    "simulation": "While a simulation runs",
    "loading": "While Dag files are loaded",
    "checks": "While a file is checked, in a process that is thrown away: not put back",
    "verify": "While Airflow itself plays the reference, in a process of its own",
}


def patches() -> str:
    """The page of the patches."""
    return "\n".join(_patches()) + "\n"


PAGES: dict[Path, Callable[[], str]] = {ROOT / "docs" / "dev" / "patches.md": patches}


def main(arguments: list[str]) -> int:
    """Write the pages with ``--write``, else print them."""
    for path, page in PAGES.items():
        if arguments == ["--write"]:
            path.write_text(page(), encoding="utf-8")
        else:
            sys.stdout.write(page())
    return 0


def _patches() -> Iterator[str]:
    yield _PATCHES.rstrip("\n")
    for during, title in _TITLES.items():
        for kind, heading in (("required", title), ("speed", f"{title}: for speed alone")):
            found = [one for one in PATCHES if (one.during, one.kind) == (during, kind)]
            if found:
                yield f"\n## {heading}\n"
                yield "| patch | of | Airflow | meanwhile | why | by |"
                yield "|---|---|---|---|---|---|"
                yield from map(_patch, found)


def _patch(one: Patch) -> str:
    targets = "<br>".join(f"`{target}`" for target in one.targets)
    by = one.by.removeprefix("harness.")
    return f"| {one.name} | {targets or '–'} | {_versions(one)} | {one.what} | {one.why} | `{by}` |"


def _versions(one: Patch) -> str:
    since = ".".join(map(str, one.since))
    return f"{since} on" if one.before is None else f"{since}, before {'.'.join(map(str, one.before))}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
