"""``airflow-harness init``: a first world file."""

# no `from __future__ import annotations`: typer reads these as values
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options as given
from harness.cli.job import Job

WorldFile = Annotated[
    Path | None, typer.Option("--world", metavar="FILE", help="Where to write.  [default: fixtures/world.yaml]")
]
Print = Annotated[bool, typer.Option("--print", help="Print the file instead of writing it.")]


def init(dags: given.Dags = None, world: WorldFile = None, to_stdout: Print = False) -> Job:
    """Write a world file that names every pool, connection and variable the Dags use.

    Each entry says where it is used. Sizes of pools and kinds of connections are guesses: complete them as they are
    in production, and the checks judge by them. A file that is there already is never overwritten: what it lacks is
    printed.

    \b
    Examples:
      airflow-harness init
      airflow-harness init --dags dags --world fixtures/world.yaml
      airflow-harness init --print
    """
    from harness.cli.sketching import Sketch

    return Sketch(tuple(dags or ()), world, to_stdout)
