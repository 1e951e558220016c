"""``airflow-harness check``: the integrity gate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options as option
from harness.cli.commands.upgrading import TEXT
from harness.cli.faults import write_output
from harness.cli.folders import configured
from harness.cli.inputs import names
from harness.cli.terminal import Job, Terminal
from harness.errors import UsageError, known_names
from harness.project.config import Config, config_for, read_config

if TYPE_CHECKING:
    from harness.gate.check_result import CheckResult
    from harness.gate.inspection import CheckOptions


FORMATS = (TEXT, "json", "junit", "sarif", "github")
OF_REPOSITORY = ("sarif", "github")
"""Formats whose paths are those of the git repository, wherever the command runs."""


@dataclass(frozen=True)
class ReportFiles:
    """What is written.

    Attributes:
        on_stdout: format of what goes to stdout.
        files: format and file of what is written beside it.
    """

    on_stdout: str = TEXT
    files: tuple[tuple[str, Path], ...] = ()

    @classmethod
    def of(cls, formats: tuple[str, ...], output: Path | None) -> ReportFiles:
        """What a command line asks for.

        Raises: UsageError: a format that does not exist, or two that both want stdout.
        """
        plain = [_format(text) for text in formats if "=" not in text]
        files = [(_format(name), Path(file)) for name, mark, file in (text.partition("=") for text in formats) if mark]
        if output is not None:
            files += [(name, output) for name in plain or [TEXT]]
            plain = []
        for clash, where in ((plain, "on stdout"), ([name for name, file in files if file == output], f"in {output}")):
            if len(clash) > 1:
                fix = f"write --format {clash[1]}=FILE"
                raise UsageError(f"{' and '.join(clash)} cannot both stand {where}", fix=fix)
        return cls(plain[0] if plain else TEXT, tuple(files))

    def write(self, found: CheckResult, terminal: Terminal) -> None:
        """Write them all, files first."""
        from harness.gate.cache import FOLDER, note_output

        for name, file in self.files:
            write_output(file, _text(name, found, terminal), f"the {name} report {str(file)!r}")
            note_output(found.root / FOLDER, file)
        if self.on_stdout != TEXT:
            terminal.out.write(_text(self.on_stdout, found, terminal))
        elif not terminal.out.isatty():
            terminal.out.write(_text(TEXT, found, terminal))
        else:
            _in_colours(found, terminal)
        terminal.out.flush()


def _format(name: str) -> str:
    kind = name.partition("=")[0]
    if kind not in FORMATS:
        raise UsageError(f"--format {kind!r} does not exist", known=known_names(kind, FORMATS))
    return kind


def _text(name: str, found: CheckResult, terminal: Terminal) -> str:
    result = found.seen_from(_repository(found.root) if name in OF_REPOSITORY else Path.cwd())
    if name == TEXT:
        return _plain(result, terminal)
    from harness.report.check_documents import DOCUMENTS

    return DOCUMENTS[name](result)


def _repository(root: Path) -> Path:
    """The git repository that a project lies in; the project itself outside of any."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def _plain(result: CheckResult, terminal: Terminal) -> str:
    from harness.report.check_text import lines
    from harness.report.style import glyphs

    every = lines(result, glyphs(getattr(terminal.out, "encoding", None)), terminal.verbose)
    return "".join("".join(text for text, _ in line) + "\n" for line in every)


def _until_then(found: CheckResult, terminal: Terminal, on_stdout: str) -> None:
    """Show what was found before the check was stopped; other documents than JSON are whole or not at all."""
    if on_stdout == "json":
        terminal.unfinished_check = found.seen_from(Path.cwd()).result
    elif on_stdout == TEXT:
        _in_colours(found, terminal, whole=False)


def _in_colours(found: CheckResult, terminal: Terminal, whole: bool = True) -> None:
    from rich.text import Text

    from harness.report.check_text import lines
    from harness.report.style import glyphs

    for line in lines(found.seen_from(Path.cwd()), glyphs(terminal.console.encoding), terminal.verbose, whole):
        terminal.console.print(Text.assemble(*line), soft_wrap=True)


@dataclass(frozen=True)
class Checking:
    """The job of one ``check`` command.

    Args:
        formats, output: see `ReportFiles.of`.
    """

    options: CheckOptions
    formats: tuple[str, ...] = ()
    output: Path | None = None

    def __call__(self, terminal: Terminal) -> int:
        """Look at the project and tell what was found.

        Returns: 0 clean, 1 findings of severity error, 70 a check of ours failed.
        Raises: HarnessError: a command line or settings that mean nothing, no Dag file at all.
        """
        reports = ReportFiles.of(self.formats, self.output)
        found = self._inspected(terminal, reports.on_stdout)
        reports.write(found, terminal)
        return found.exit_code

    def _inspected(self, terminal: Terminal, on_stdout: str) -> CheckResult:
        from harness.cli.heartbeat import CheckProgress
        from harness.gate.inspection import dags_of, inspect, see_a_dag
        from harness.project.installed import airflow_version

        config = config_for(self.options.paths, Path.cwd())
        if not self.options.paths and not dags_of(config):
            configured(config)
        airflow_version()
        stopped: list[CheckResult] = []
        with CheckProgress(terminal.err) as progress:
            options = replace(self.options, on_file=progress.file_done, on_stop=stopped.append)
            try:
                found = inspect(config, options)
            except (KeyboardInterrupt, SystemExit):
                for one in stopped:
                    _until_then(one, terminal, on_stdout)
                raise
        if not self.options.paths and self.options.changed_since is None:
            see_a_dag(found)
        return found


@dataclass(frozen=True)
class Explain:
    """The job of ``check --explain CHECK``."""

    check_id: str

    loads_dags = False

    def __call__(self, terminal: Terminal) -> int:
        """Write the check's page. Raises: UsageError: no such check."""
        from inspect import cleandoc

        from harness.checks.registry import named

        _known()
        check = named(self.check_id)
        terminal.out.write(f"{check.id} ({check.severity} by default, family {check.family})\n\n")
        terminal.out.write(cleandoc(check.doc) + "\n")
        return 0


@dataclass(frozen=True)
class List:
    """The job of ``check --list``."""

    loads_dags = False

    def __call__(self, terminal: Terminal) -> int:
        """Write a line a check, as this project sets them."""
        from harness.checks.registry import CHECKS
        from harness.gate.settings import selection_of

        on = selection_of(_known()).severities
        width = max(map(len, CHECKS))
        for check in sorted(CHECKS.values(), key=lambda one: (one.family, one.id)):
            terminal.out.write(
                f"{check.id:<{width}}  {on.get(check.id, 'off'):<7}  {check.family:<9}  {check.summary}\n"
            )
        return 0


def _known() -> Config:
    """The project's settings, once its own checks are registered beside ours."""
    from harness.checks import catalogue
    from harness.gate.cache import FOLDER
    from harness.gate.own_table import registered

    catalogue.load()
    config = read_config(Path.cwd())
    registered(config.root, config.root / FOLDER)
    return config


@click.argument("paths", metavar="[PATH]...", nargs=-1, type=option.PATH)
@option.texts("--select", metavar="IDS", help="Only these checks or families; repeated, or with commas.")
@option.texts("--ignore", metavar="IDS", help="Not these checks or families.")
@option.texts(
    "--format",
    "formats",
    metavar="FORMAT[=FILE]",
    help="text, json, junit, sarif or github; with =FILE into a file.  [default: text]",
)
@option.text("--output", metavar="FILE", type=option.PATH, help="Write the report here, and text on stdout.")
@option.text(
    "--baseline",
    metavar="FILE",
    type=option.PATH,
    help="Findings known already.  [default: airflow-harness-baseline.json, if there]",
)
@option.flag("--no-baseline", help="Tell what is in the baseline too.")
@option.flag("--write-baseline", help="Keep what is found now as the baseline.")
@option.text("--changed-since", metavar="REV", help="Only what a change since this git revision can have touched.")
@option.text("-j", "--jobs", metavar="N", type=click.IntRange(min=1), help="Processes.  [default: processors]")
@option.flag("--no-cache", help="Parse every file, changed or not.")
@option.world
@option.text("--explain", metavar="CHECK", help="Say what a check catches, why, and how to fix it.")
@option.flag("--list", "list_", help="List the checks.")
@option.flag("--upgrade", help="What is left of Airflow 2: every name and argument, in every file, in one pass.")
@option.verbose
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
    from harness.gate.inspection import CheckOptions

    if explain is not None:
        return Explain(explain)
    if list_:
        return List()
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
    return Checking(options, formats, output)
