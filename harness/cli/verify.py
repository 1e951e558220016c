"""``airflow-harness verify``: a Dag through the simulator and through Airflow itself."""

# no `from __future__ import annotations`: typer reads these as values
from typing import Annotated

import typer

from harness.cli import options as given
from harness.cli.job import Job

Limit = Annotated[float, typer.Option(metavar="SECONDS", help="Real seconds that Airflow's own run may take.")]


def verify(
    dag_id: given.DagId,
    dags: given.Dags = None,
    logical_date: given.LogicalDate = None,
    conf: given.Conf = None,
    param: given.Param = None,
    world: given.World = None,
    limit: Limit = 120.0,
    as_json: given.AsJson = False,
    verbose: given.Verbose = False,
) -> Job:
    """Convince yourself: run one Dag in the simulator and in Airflow itself, and compare.

    Airflow's own dag.test() runs it in a separate process, on a throw-away SQLite database that is migrated the first
    time; only its waits are cut short. States, tries, map indexes and XComs of all tasks are compared. Exit code 0
    when they are alike, 1 when not.

    \b
    Examples:
      airflow-harness verify weather_etl
      airflow-harness verify weather_etl --world fixtures/world.yaml --logical-date 2025-01-01 -v
      airflow-harness verify dags/sales.py --json | jq .alike
    """
    from harness.cli.verifying import VerifyArguments, Verifying

    return Verifying(
        VerifyArguments(
            dag_id=dag_id,
            dags=tuple(dags or ()),
            logical_date=logical_date,
            conf=conf,
            param=tuple(param or ()),
            world=world,
            limit_s=limit,
            as_json=as_json,
            verbose=verbose,
        )
    )
