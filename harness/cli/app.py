"""The commands, one line each; every command's own module says what it does."""

from __future__ import annotations

import sys

import click

from harness.cli.commands.calendar import calendar
from harness.cli.commands.check import check
from harness.cli.commands.diff import diff
from harness.cli.commands.doctor import doctor
from harness.cli.commands.importing import import_
from harness.cli.commands.init import init
from harness.cli.commands.ledger import ledger
from harness.cli.commands.replay import replay
from harness.cli.commands.report import report
from harness.cli.commands.run import run
from harness.cli.commands.simulate import simulate
from harness.cli.commands.sql import sql
from harness.cli.commands.ui import ui
from harness.cli.commands.verify import verify

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

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


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


@click.group(epilog=EXIT_CODES, context_settings=SETTINGS, no_args_is_help=False)
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
      airflow-harness run --help
    """


for command in (calendar, check, diff, doctor, init, replay, report, run, simulate, sql, ui, verify):
    app.command(epilog=EXIT_CODES)(command)
app.command("import", epilog=EXIT_CODES)(import_)
app.add_command(ledger)
