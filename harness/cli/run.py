"""``airflow-harness run``: one Dag from end to end."""

from __future__ import annotations

from harness.cli import options as given
from harness.cli.job import Job


def run(
    dag_id: given.DagId,
    dags: given.Dags = None,
    logical_date: given.LogicalDate = None,
    conf: given.Conf = None,
    param: given.Param = None,
    world: given.World = None,
    only: given.Only = None,
    start_from: given.StartFrom = None,
    seed: given.Seed = 0,
    start: given.Start = None,
    horizon: given.Horizon = None,
    manual: given.Manual = False,
    alone: given.Alone = False,
    as_json: given.AsJson = False,
    keep: given.Keep = None,
    pdb: given.Pdb = False,
    verbose: given.Verbose = False,
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
