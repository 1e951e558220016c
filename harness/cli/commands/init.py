"""``airflow-harness init``: a first world file."""

from __future__ import annotations

from pathlib import Path

from harness.cli import options as given
from harness.cli.job import Job


@given.dags
@given.text("--world", metavar="FILE", type=given.PATH, help="Where to write.  [default: fixtures/world.yaml]")
@given.flag("--print", "to_stdout", help="Print the file instead of writing it.")
def init(dags: tuple[Path, ...], world: Path | None, to_stdout: bool) -> Job:
    """Write a world file that names every pool, connection and variable the Dags use.

    Each entry says where it is used. Sizes of pools and kinds of connections are guesses: complete them as they are
    in production, and the checks judge by them. What "airflow connections|variables|pools export" wrote, where such a
    file lies in the project, is taken from there, without its secrets. A file that is there already is never
    overwritten: what it lacks is printed.

    \b
    Examples:
      airflow-harness init
      airflow-harness init --dags dags --world fixtures/world.yaml
      airflow-harness init --print
    """
    from harness.cli.commands.scaffolding import Scaffold

    return Scaffold(dags, world, to_stdout)
