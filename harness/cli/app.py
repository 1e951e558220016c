"""The commands, one line each; every command's own module says what it does."""

from __future__ import annotations

import sys
from collections import UserDict
from importlib import import_module

import click

EXIT_CODES = """\b
Exit codes:
  0    success, and nothing found that is an error
  1    a run failed, hangs or did not end before its horizon; an error was found; the Dag does not import;
       what diff compares is not alike
  2    the command line, a world file or pyproject.toml cannot mean anything
  3    a service or a supported Airflow is not available
  70   a fault of airflow-harness itself
  74   the machine refuses: a full disk, a folder that cannot be written, output that is lost
  130  Ctrl-C
  143  SIGTERM"""

COMMANDS = (
    "calendar", "check", "diff", "doctor", "import", "init", "ledger", "replay", "report", "run", "simulate", "sql",
    "ui", "verify", "when",
)  # fmt: skip
_STANDS_IN = {"import": "importing:import_"}  # import is a word of Python's

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class CommandTable(UserDict[str, click.Command | None]):
    """Command by name; its module is imported when the command is asked for.

    To import all of them took 30 ms of every start, a tenth of a check where nothing has changed.
    """

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(COMMANDS))

    def __getitem__(self, name: str) -> click.Command:
        """The command. Raises: KeyError: there is none of that name."""
        found = self.data[name]
        if found is None:
            module, _, attribute = _STANDS_IN.get(name, f"{name}:{name}").partition(":")
            told = getattr(import_module(f"harness.cli.commands.{module}"), attribute)
            found = told if isinstance(told, click.Command) else click.command(name, epilog=EXIT_CODES)(told)
            self.data[name] = found
        return found


def _version(context: click.Context, _: click.Parameter, is_set: bool) -> None:
    if not is_set:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        airflow = f"Airflow {version('apache-airflow-core')}"
    except PackageNotFoundError:
        airflow = "no Airflow"
    python = ".".join(map(str, sys.version_info[:3]))
    click.echo(f"{context.find_root().info_name} {version('airflow-harness')} ({airflow}, Python {python})")
    context.exit()


@click.group(commands=CommandTable(), epilog=EXIT_CODES, context_settings=SETTINGS, no_args_is_help=False)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the versions and exit."
)
def app() -> None:
    """Run, test and rehearse Airflow Dags on this machine: the real task code, in virtual time.

    \b
    Examples:
      airflow-harness calendar
      airflow-harness check
      airflow-harness doctor
      airflow-harness import https://airflow.example.com
      airflow-harness init
      airflow-harness run weather_etl --logical-date 2025-01-01
      airflow-harness run dags/weather_etl.py --world fixtures/world.yaml
      airflow-harness simulate --since 2025-01-01 --until 7d
      airflow-harness replay weather_etl --since 2025-01-01 --until 30d
      airflow-harness verify weather_etl
      airflow-harness diff january last
      airflow-harness report last
      airflow-harness sql last "select * from task_instances"
      airflow-harness ui last --open
      airflow-harness when --dag report --quantile 0.95
      airflow-harness run --help
    """
