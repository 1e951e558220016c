"""The work of ``airflow-harness check``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.commands.check_reports import ReportFiles
from harness.cli.folders import configured
from harness.cli.terminal import Terminal
from harness.project.config import Config, config_for, read_config

if TYPE_CHECKING:
    from harness.gate.check_result import CheckResult
    from harness.gate.options import CheckOptions


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
        found = self._inspected(terminal)
        reports.write(found, terminal)
        return found.exit_code

    def _inspected(self, terminal: Terminal) -> CheckResult:
        from harness.bridge.environment.sandbox import airflow_version
        from harness.cli.commands.check_progress import CheckProgress
        from harness.gate.inspection import dags_of, inspect, see_a_dag

        config = config_for(self.options.paths, Path.cwd())
        if not self.options.paths and not dags_of(config):
            configured(config)
        airflow_version()
        with CheckProgress(terminal.err) as progress:
            found = inspect(config, replace(self.options, on_file=progress.file_done))
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
