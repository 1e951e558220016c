"""Options and arguments that several commands share, each with its line of help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

Parameter = Callable[[Callable[..., Any]], Callable[..., Any]]
"""A decorator that gives a command's function one of its arguments."""


class _NamedPath(click.Path):
    """A path that says something: an empty one would mean the working directory."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if value == "":
            self.fail("'' names nothing: write . for the working directory", parameter, context)
        if "\0" in str(value):
            self.fail(f"{value!r} holds a NUL character.", parameter, context)
        return super().convert(value, parameter, context)


PATH = _NamedPath(path_type=Path)


def flag(*names: str, help: str) -> Parameter:  # noqa: A002 - as click names it
    """An option without a value."""
    return click.option(*names, is_flag=True, help=help)


def text(*names: str, metavar: str, help: str, **more: Any) -> Parameter:  # noqa: A002
    """An option with a value that is read later, None when it is not given."""
    return click.option(*names, metavar=metavar, help=help, **more)


def texts(*names: str, metavar: str, help: str, **more: Any) -> Parameter:  # noqa: A002
    """The same, repeated: a tuple."""
    return click.option(*names, metavar=metavar, help=help, multiple=True, **more)


def former(name: str, now: str, argument: str) -> Parameter:
    """An option's former name, which works for one more release, with a word on stderr.

    Args:
        name: as it was, ``--from``.
        now: as it is, ``--from-task``.
        argument: of the command's function, which the present option fills too.
    """

    hidden = f"former_{argument}"

    def give(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def merged(**arguments: Any) -> Any:
            value = arguments.pop(hidden)
            if value is not None:
                if arguments[argument] is not None:
                    raise click.UsageError(f"{name} and {now} are the same option: give one of them.")
                click.echo(f"note: {name} is called {now} now; the former name goes with the next release", err=True)
                arguments[argument] = value
            return function(**arguments)

        return click.option(name, hidden, hidden=True)(merged)

    return give


def together(*parameters: Parameter) -> Parameter:
    """Several at once, in this order."""

    def give(function: Callable[..., Any]) -> Callable[..., Any]:
        for parameter in reversed(parameters):
            function = parameter(function)
        return function

    return give


def jobs(help: str) -> Parameter:  # noqa: A002
    """So many processes, one unless told otherwise."""
    return text("-j", "--jobs", metavar="N", type=click.IntRange(1), default=1, show_default=True, help=help)


dag_id = click.argument("dag_id", metavar="DAG_ID")
dags = texts(
    "--dags",
    metavar="PATH",
    type=PATH,
    help="Folder or file of Dags; may be repeated.  [default: dags of [tool.airflow-harness], else ./dags]",
)
logical_date = text(
    "--logical-date", metavar="ISO", help="Which run, UTC unless it says.  [default: the schedule's first]"
)
conf = text("--conf", metavar="JSON", help="The run's conf, a JSON object.")
param = texts("--param", metavar="K=V", help="A param; may be repeated.")
world = text(
    "--world",
    metavar="FILE",
    type=PATH,
    help="Connections, variables, pools.  [default: world of [tool.airflow-harness], else fixtures/world.yaml]",
)
network = texts(
    "--network",
    metavar="HOST",
    help="Let tasks connect to it, as db.example.com:5432; may be repeated.  [default: none]",
)
driver = texts(
    "--driver",
    "drivers",
    metavar="SERVICE=DRIVER",
    help="As s3=external; may be repeated.  [default: environment, settings, world, what the service chooses]",
)
record = flag(
    "--record",
    help="Let requests out that the world's cassette does not have, to its hosts, and keep them there.",
)
seed = text(
    "--seed",
    metavar="N",
    type=int,
    default=0,
    show_default=True,
    help="Of random numbers in task code, and of durations that are drawn.",
)
run_of_ledger = text(
    "--run", "run_id", metavar="RUN_ID", help="Which run of --from-ledger.  [default: the one that the Dag has there]"
)
as_json = flag("--json", "as_json", help="One JSON document on stdout, everything else on stderr.")
keep = text(
    "--keep", "--ledger", "keep", metavar="DIR", type=PATH, help="Keep the ledger here.  [default: a temporary folder]"
)
trace = text("--trace", metavar="FILE", type=PATH, help="Write a trace of virtual time, for Perfetto and the like.")
report = text("--report", metavar="FILE", type=PATH, help="Write a page of what happened, one file for a browser.")
ui = flag("--ui", help="At the end, show the ledger in Airflow's own web UI, until Ctrl-C.")
engine = text("--engine", metavar="URL", help="Workers of an engine in their place: dask://HOST:PORT, a scheduler.")
memory = flag("--memory", help="Tell how much memory each task's Python code holds at most; slower.")
pdb = flag("--pdb", help="Open the debugger where a task's code raises.")
verbose = flag("-v", "--verbose", help="All logs, and all else that was written.")
many_runs = together(world, network, driver, record, seed, as_json, keep, trace, report, ui, pdb, verbose)
one_run = together(dag_id, dags, logical_date, conf, param, world, network, driver)


@dataclass(frozen=True)
class OneRunArguments:
    """What `one_run` takes, as typed."""

    dag_id: str
    dags: tuple[Path, ...] = ()
    logical_date: str | None = None
    conf: str | None = None
    param: tuple[str, ...] = ()
    world: Path | None = None
    network: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()

    @property
    def file(self) -> Path | None:
        """The Dag file, when a file was named instead of an id."""
        return Path(self.dag_id) if self.dag_id.endswith(".py") else None
