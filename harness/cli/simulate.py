"""``airflow-harness simulate``: the calendar of a whole Dag folder."""

# no `from __future__ import annotations`: typer reads these as values
from typing import Annotated

import typer

from harness.cli import options as given
from harness.cli.job import Job

Since = Annotated[str, typer.Option("--from", metavar="ISO", help="Virtual time to begin at.")]
Until = Annotated[str, typer.Option(metavar="ISO", help="Virtual time to end at, or a span after --from, as 7d.")]
DagIds = Annotated[
    list[str] | None, typer.Option("--dag", metavar="DAG_ID", help="Only this Dag; may be repeated.  [default: all]")
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Deploy the Dags at --from for the first time: catchup makes up for the past.")
]
Actions = Annotated[
    list[str] | None,
    typer.Option(
        "--action", metavar="'ISO VERB DAG'", help="trigger, pause, unpause, clear or backfill meanwhile; repeatable."
    ),
]


def simulate(
    since: Since,
    until: Until,
    dags: given.Dags = None,
    dag: DagIds = None,
    fresh: Fresh = False,
    action: Actions = None,
    world: given.World = None,
    seed: given.Seed = 0,
    as_json: given.AsJson = False,
    keep: given.Keep = None,
    verbose: given.Verbose = False,
) -> Job:
    """Run everything the schedules of a Dag folder ask for, from one date to another, in virtual time.

    Dag runs are made as Airflow's scheduler makes them: catchup, max_active_runs, assets, end dates. They share the
    pools and the executor of the world file, so what waits for a slot here would wait in production. Tasks that
    neither sleep nor have a duration under ``durations:`` in the world file take no virtual time.

    \b
    Examples:
      airflow-harness simulate --from 2025-01-01 --until 7d
      airflow-harness simulate --from 2025-01-01 --until 2025-02-01 --dag sales --world fixtures/world.yaml
      airflow-harness simulate --from 2025-01-01 --until 1d --fresh
      airflow-harness simulate --from 2025-01-01 --until 1d --action '2025-01-01T05:00Z trigger sales {"full": true}'
      airflow-harness simulate --from 2025-01-10 --until 1d \\
        --action '2025-01-10T05:00Z backfill sales {"from": "2025-01-01", "to": "2025-01-05", "max_active_runs": 2}'
    """
    from harness.cli.calendar import CalendarArguments, SimulateCalendar

    return SimulateCalendar(
        CalendarArguments(
            since=since,
            until=until,
            dags=tuple(dags or ()),
            dag_ids=tuple(dag or ()),
            fresh=fresh,
            actions=tuple(action or ()),
            world=world,
            seed=seed,
            as_json=as_json,
            keep=keep,
            verbose=verbose,
        )
    )
