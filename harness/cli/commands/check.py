"""``airflow-harness check``: the integrity gate."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import options as given
from harness.cli.inputs import names
from harness.cli.job import Job


@click.argument("paths", metavar="[PATH]...", nargs=-1, type=given.PATH)
@given.texts("--select", metavar="IDS", help="Only these checks or families; repeated, or with commas.")
@given.texts("--ignore", metavar="IDS", help="Not these checks or families.")
@given.texts(
    "--format",
    "formats",
    metavar="FORMAT[=FILE]",
    help="text, json, junit, sarif or github; with =FILE into a file.  [default: text]",
)
@given.text("--output", metavar="FILE", type=given.PATH, help="Write the report here, and text on stdout.")
@given.text(
    "--baseline",
    metavar="FILE",
    type=given.PATH,
    help="Findings known already.  [default: airflow-harness-baseline.json, if there]",
)
@given.flag("--no-baseline", help="Tell what is in the baseline too.")
@given.flag("--write-baseline", help="Keep what is found now as the baseline.")
@given.text("--changed-since", metavar="REV", help="Only what a change since this git revision can have touched.")
@given.text("-j", "--jobs", metavar="N", type=click.IntRange(min=1), help="Processes.  [default: processors]")
@given.flag("--no-cache", help="Parse every file, changed or not.")
@given.world
@given.text("--explain", metavar="CHECK", help="Say what a check catches, why, and how to fix it.")
@given.flag("--list", "list_", help="List the checks.")
@given.flag("--upgrade", help="What is left of Airflow 2: every name and argument, in every file, in one pass.")
@given.verbose
def check(
    paths: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    formats: tuple[str, ...],
    output: Path | None,
    baseline: Path | None,
    no_baseline: bool,
    write_baseline: bool,
    changed_since: str | None,
    jobs: int | None,
    no_cache: bool,
    world: Path | None,
    explain: str | None,
    list_: bool,
    upgrade: bool,
    verbose: bool,
) -> Job:
    """Find what would break after a deploy, in any Dag repository, without a test written.

    Every Dag file is parsed by the installed Airflow in a process of its own, without network, and looked at by the
    checks of the catalogue. What pools, connections and variables there are is read from the world file. A finding
    that is meant to be stands with ``# harness: ignore[check-id] the reason`` in the file; severities, thresholds and
    ignored paths in pyproject.toml.

    PATH is a Dag folder or file; a module stands for the Dags that import it. Without one, the dags of
    [tool.airflow-harness] are meant, else ./dags.

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
      airflow-harness check --upgrade

    --upgrade reads the text of all Python files and templates of the project (or of PATH), importable or not, and
    puts what they take from Airflow before the installed one: what is gone, what has another name now, and what to
    write instead. Its exit code is 1 where something is gone.
    """
    from harness.cli.commands import checking
    from harness.gate.options import CheckOptions

    if explain is not None:
        return checking.Explain(explain)
    if list_:
        return checking.List()
    if upgrade:
        from harness.cli.commands.upgrading import Upgrading

        return Upgrading(paths, formats, output, verbose)
    options = CheckOptions(
        paths=paths,
        select=names("--select", select),
        ignore=names("--ignore", ignore),
        world=world,
        jobs=jobs,
        cache=not no_cache,
        baseline=baseline,
        use_baseline=not no_baseline,
        write_baseline=write_baseline,
        changed_since=changed_since,
    )
    return checking.Checking(options, formats, output)
