"""``airflow-harness run``: one Dag from end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.job import Job


def run(
    dag_id: Annotated[str, typer.Argument(metavar="DAG_ID", help="A Dag id, or a .py file that holds one Dag.")],
    dags: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Folder or file of Dags; may be repeated.  [default: dags of [tool.airflow-harness], else ./dags]",
        ),
    ] = None,
    logical_date: Annotated[
        str | None, typer.Option(metavar="ISO", help="Which run, UTC unless it says.  [default: the schedule's first]")
    ] = None,
    conf: Annotated[str | None, typer.Option(metavar="JSON", help="The run's conf, a JSON object.")] = None,
    param: Annotated[list[str] | None, typer.Option(metavar="K=V", help="A param; may be repeated.")] = None,
    world: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Connections, variables, pools.  [default: world of [tool.airflow-harness], else fixtures/world.yaml]",
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="TASK", help="Run these tasks alone; repeated, or with commas.")
    ] = None,
    start_from: Annotated[
        str | None, typer.Option("--from", metavar="TASK", help="Run this task and those downstream of it.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of random numbers in task code.")] = 0,
    start: Annotated[
        str | None, typer.Option(metavar="ISO", help="Virtual time to begin at.  [default: when the run is due]")
    ] = None,
    horizon: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Stop after so much virtual time, as 12h.  [default: 30d]")
    ] = None,
    manual: Annotated[bool, typer.Option("--manual", help="A run as a person triggers it, on any date.")] = False,
    alone: Annotated[bool, typer.Option("--alone", help="Leave out the Dags that sensors wait for.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, everything else on stderr.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the ledger here.  [default: a temporary folder]")
    ] = None,
    pdb: Annotated[bool, typer.Option("--pdb", help="Open the debugger where a task's code raises.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="All logs, and all else that was written.")] = False,
) -> Job:
    """Run one Dag from end to end: the real task code, in virtual time, on this machine only.

    A sleep, a sensor or a retry delay of hours costs nothing. Connections, variables and pools are those of the world
    file; the machine's own Airflow, its home and its database are neither read nor written.

    \b
    Examples:
      airflow-harness run weather_etl --logical-date 2025-01-01
      airflow-harness run dags/weather_etl.py --param city=Oslo --param days=3
      airflow-harness run weather_etl --conf '{"city": "Oslo"}' --manual
      airflow-harness run weather_etl --world fixtures/world.yaml --from load --pdb
      airflow-harness run weather_etl --only extract,load --json | jq .state
      airflow-harness run weather_etl --keep ledgers/today && less ledgers/today/journal.jsonl
    """
    from harness.cli.rehearse import Rehearse, RunArguments

    return Rehearse(
        RunArguments(
            dag_id=dag_id,
            dags=tuple(dags or ()),
            logical_date=logical_date,
            conf=conf,
            param=tuple(param or ()),
            world=world,
            only=tuple(only or ()),
            start_from=start_from,
            seed=seed,
            start=start,
            horizon=horizon,
            manual=manual,
            alone=alone,
            as_json=as_json,
            keep=keep,
            pdb=pdb,
            verbose=verbose,
        )
    )
