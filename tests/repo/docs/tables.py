"""Pages that are a table of the code's: the patches, what versions of Airflow have differently, a ledger's columns.

``python -m tests.repo.docs.tables --write`` writes them anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.bridge.patches.inventory import During, Patch
from harness.bridge.patches.inventory.table import PATCHES
from harness.bridge.versions.table import CAPABILITIES
from harness.ledger.views import VIEWS
from harness.project.installed import NEWEST_TESTED, OLDEST
from tests.repo.docs import cookbook, reference
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
_VERSIONS = """\
# Versions of Airflow

<!-- written by python -m tests.repo.docs.tables --write: change harness/bridge/versions/table.py -->

The harness runs on Airflow {oldest} to {newest}, and nobody outside of `bridge.versions` asks which one: what versions
have differently has a name there, a function that answers for the installed one. It looks for a name or a signature;
where there is nothing to look at, it compares versions. The scheduler's rules are handed policies
(`scheduler.policies`). What is only patched in another way stands in [the table of patches](patches.md).

To add a version:

1. Install it in an environment of its own, and run `tests/unit/bridge` and `tests/engine` there. A message that nobody
   answers, a target of a patch that is gone and a handler without a message fail by name.
2. Compare its `comms.py`, trigger rules, states and scheduler with those of the version before. A rule that changed is
   a field of `scheduler.policies.SchedulerPolicies`, set in `bridge.versions.scheduling`; a name that moved is a
   function in `bridge.versions.names`, an attribute or a field that came one of `bridge.versions.names`. Each gets
   a line in `bridge.versions.table`; then write this page anew.
3. `python -m tests.differential --runs 200 --schedules 20` says whether the rules are the new version's.
4. The places that name versions stand in `CONTRIBUTING.md`; `tests/repo/test_versions.py` says what was forgotten.

| since | what is so from then on | in Airflow | asked by | told by |
|---|---|---|---|---|
"""
_LEDGER = """\
# The ledger

<!-- written by python -m tests.repo.docs.tables --write: the tables from harness/ledger/views.py, the text there -->

`run` and `simulate` keep a *ledger*: a folder with all that happened, one JSON line an event, each with a hash over the
one before, and the logs of tasks beside it. Without `--keep DIR` it is one of the newest twenty in a folder of yours,
closed to others; secrets are masked in it. The same Dags, world and seed give the same journal, byte for byte.

```console
$ airflow-harness simulate --since 2025-01-01 --until 2d --dag weather_etl --keep january
$ airflow-harness sql january "select state, count(*) as runs from runs group by all"
$ airflow-harness sql last --format csv "select task_id, max(duration_s) from task_instances group by all"
$ airflow-harness ledger show january
$ airflow-harness ledger verify january
$ airflow-harness ledger ls
$ airflow-harness ledger export january tables
```

`sql` takes several ledgers too, and `--format csv`, `json` or `parquet`. In a test, where a ledger is kept:

```python test
def test_nothing_waits_for_a_slot(run_dag, tmp_path):
    result = run_dag("weather_etl", keep=tmp_path / "ledger")
    assert result.sql("select count(*) from task_instances where waited_s > 60").fetchone() == (0,)
    slowest = result.sql("select task_id, duration_s from task_instances order by duration_s desc limit 1")
    print(slowest.fetchall())
```

What is asked is answered by DuckDB, which reads the journal. Of a journal above 32 MB it keeps what it read beside it,
in `*.questions.duckdb`, which may be deleted. A run that was cut off leaves a ledger that answers, but has no footer:
`ledger verify` says so, as it names the first record that was altered. Records are written many at a time, at the
latest after a tenth of a second in which tasks begin; what a kill takes with it is simulated again by `--resume`.
`ledger prune` removes old ones.

## The tables

Instants are of virtual time, in UTC; spans are in seconds.
"""
_TITLES: dict[During, str] = {
    "simulation": "While a simulation runs",
    "loading": "While Dag files are loaded",
    "test": "While a test has the fixture `world`",
    "checks": "While a file is checked, in a process that is thrown away: not put back",
    "verify": "While Airflow itself plays the reference, in a process of its own",
}


def patches() -> str:
    """The page of the patches."""
    return "\n".join(_patches()) + "\n"


def versions() -> str:
    """The page of what versions have differently."""
    head = _VERSIONS.format(oldest=".".join(map(str, OLDEST)), newest=".".join(map(str, NEWEST_TESTED)))
    rows = [
        f"| {'.'.join(map(str, one.since))} | {one.what} | {one.where} | `{one.by}` | {one.told_by} |"
        for one in sorted(CAPABILITIES, key=lambda one: one.since)
    ]
    return head + "\n".join(rows) + "\n"


def ledger() -> str:
    """The page of the ledger, with what may be asked."""
    return "\n".join(_ledger()) + "\n"


PAGES: dict[Path, Callable[[], str]] = {
    ROOT / "docs" / "dev" / "airflow-versions.md": versions,
    ROOT / "docs" / "dev" / "patches.md": patches,
    ROOT / "docs" / "ledger.md": ledger,
    ROOT / "docs" / "reference" / "cli.md": reference.commands,
    ROOT / "docs" / "reference" / "fixtures.md": reference.fixtures,
    **cookbook.PAGES,
}


def main(arguments: list[str]) -> int:
    """Write the pages with ``--write``, else print them."""
    for path, page in PAGES.items():
        if arguments == ["--write"]:
            path.write_text(page(), encoding="utf-8")
        else:
            sys.stdout.write(page())
    return 0


def _ledger() -> Iterator[str]:
    yield _LEDGER.rstrip("\n")
    for name, view in VIEWS.items():
        yield f"\n**`{name}`**: {view.about}\n"
        yield "| column | |"
        yield "|---|---|"
        yield from (f"| `{column}` | {about} |" for column, about in view.columns.items())


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
