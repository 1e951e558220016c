"""``airflow-harness check``: the integrity gate."""

# no `from __future__ import annotations`: typer reads these as values
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options as given
from harness.cli.job import Job

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATH",
        help="Dag folders and files; a module stands for the Dags that import it.  "
        "[default: dags of [tool.airflow-harness], else ./dags]",
        show_default=False,
    ),
]
Select = Annotated[
    list[str] | None, typer.Option(metavar="IDS", help="Only these checks or families; repeated, or with commas.")
]
Ignore = Annotated[list[str] | None, typer.Option(metavar="IDS", help="Not these checks or families.")]
Format = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="FORMAT[=FILE]",
        help="text, json, junit, sarif or github; with =FILE into a file.  [default: text]",
    ),
]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report here, and text on stdout.")]
Jobs = Annotated[int | None, typer.Option("-j", "--jobs", metavar="N", min=1, help="Processes.  [default: processors]")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Parse every file, changed or not.")]
Baseline = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Findings known already.  [default: airflow-harness-baseline.json, if there]"),
]
NoBaseline = Annotated[bool, typer.Option("--no-baseline", help="Tell what is in the baseline too.")]
WriteBaseline = Annotated[bool, typer.Option("--write-baseline", help="Keep what is found now as the baseline.")]
ChangedSince = Annotated[
    str | None, typer.Option(metavar="REV", help="Only Dags that a change since this git revision can have touched.")
]
Explain = Annotated[str | None, typer.Option(metavar="CHECK", help="Say what a check catches, why, and how to fix it.")]
List = Annotated[bool, typer.Option("--list", help="List the checks.")]


def check(
    paths: Paths = None,
    select: Select = None,
    ignore: Ignore = None,
    format_: Format = None,
    output: Output = None,
    baseline: Baseline = None,
    no_baseline: NoBaseline = False,
    write_baseline: WriteBaseline = False,
    changed_since: ChangedSince = None,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    world: given.World = None,
    explain: Explain = None,
    list_: List = False,
    verbose: given.Verbose = False,  # noqa: ARG001 - read in harness.cli.entry
) -> Job:
    """Find what would break after a deploy, in any Dag repository, without a test written.

    Every Dag file is parsed by the installed Airflow in a process of its own, without network, and looked at by the
    checks of the catalogue. What pools, connections and variables there are is read from the world file. A finding
    that is meant to be stands with ``# harness: ignore[check-id] the reason`` in the file; severities, thresholds and
    ignored paths in pyproject.toml.

    \b
    Examples:
      airflow-harness check
      airflow-harness check dags/sales.py --select pool-missing,content
      airflow-harness check --format json | jq .summary
      airflow-harness check --format github --format sarif=check.sarif --format junit=check.xml
      airflow-harness check --write-baseline
      airflow-harness check --changed-since origin/main
      airflow-harness check --explain pool-missing
      airflow-harness check --list
    """
    from harness.cli import checking

    if explain is not None:
        return checking.Explain(explain)
    if list_:
        return checking.List()
    return checking.Checking(
        checking.CheckArguments(
            paths=tuple(paths or ()),
            select=tuple(select or ()),
            ignore=tuple(ignore or ()),
            formats=tuple(format_ or ()),
            output=output,
            baseline=baseline,
            use_baseline=not no_baseline,
            write_baseline=write_baseline,
            changed_since=changed_since,
            jobs=jobs,
            cache=not no_cache,
            world=world,
        )
    )
