"""The commands, one line each; every command's own module says what it does."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.check import check
from harness.cli.init import init
from harness.cli.run import run
from harness.cli.simulate import simulate
from harness.cli.verify import verify

EXIT_CODES = """\b
Exit codes:
  0    success, and nothing found that is an error
  1    a run failed, hangs or did not end before its horizon; an error was found; the Dag does not import
  2    the command line, a world file or pyproject.toml cannot mean anything
  3    a service or a supported Airflow is not available
  70   a fault of airflow-harness itself
  130  Ctrl-C
  143  SIGTERM"""

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(asked: bool) -> None:
    if not asked:
        return
    from importlib.metadata import PackageNotFoundError, version

    from harness.cli.entry import PROGRAM, python

    try:
        airflow = f"Airflow {version('apache-airflow-core')}"
    except PackageNotFoundError:
        airflow = "no Airflow"
    typer.echo(f"{PROGRAM} {version('airflow-harness')} ({airflow}, Python {python()})")
    raise typer.Exit


@app.callback(epilog=EXIT_CODES)
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the versions and exit.")
    ] = False,
) -> None:
    """Run, test and rehearse Airflow Dags on this machine: the real task code, in virtual time.

    \b
    Examples:
      airflow-harness check
      airflow-harness init
      airflow-harness run weather_etl --logical-date 2025-01-01
      airflow-harness run dags/weather_etl.py --world fixtures/world.yaml
      airflow-harness simulate --from 2025-01-01 --until 7d
      airflow-harness verify weather_etl
      airflow-harness run --help
    """


app.command(epilog=EXIT_CODES)(check)
app.command(epilog=EXIT_CODES)(init)
app.command(epilog=EXIT_CODES)(run)
app.command(epilog=EXIT_CODES)(simulate)
app.command(epilog=EXIT_CODES)(verify)
