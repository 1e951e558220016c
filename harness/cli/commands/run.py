"""``airflow-harness run``: one Dag from end to end."""

from __future__ import annotations

from typing import Any

from harness.cli import options as given
from harness.cli.job import Job


@given.one_run
@given.texts("--only", metavar="TASK", help="Run these tasks alone; repeated, or with commas.")
@given.text("--from-task", metavar="TASK", help="Run this task and those downstream of it.")
@given.former("--from", "--from-task", "from_task")
@given.seed
@given.text("--start", metavar="ISO", help="Virtual time to begin at.  [default: when the run is due]")
@given.text("--horizon", metavar="DURATION", help="Stop after so much virtual time, as 12h.  [default: 30d]")
@given.flag("--manual", help="A run as a person triggers it, on any date.")
@given.flag("--alone", help="Leave out the Dags that sensors wait for.")
@given.as_json
@given.keep
@given.pdb
@given.verbose
def run(**arguments: Any) -> Job:
    """Run one Dag from end to end: the real task code, in virtual time, on this machine only.

    A sleep, a sensor or a retry delay of hours costs nothing. Connections, variables and pools are those of the world
    file; the machine's own Airflow, its home and its database are neither read nor written.

    Runs of other Dags that its tasks trigger are run too; one that fails and that nobody waits for is an error, though
    the task that triggered it succeeds, as in Airflow. So is a connection that was refused, though the task went on.

    DAG_ID is that of a Dag, or a .py file that holds one.

    \b
    Examples:
      airflow-harness run weather_etl --logical-date 2025-01-01
      airflow-harness run dags/weather_etl.py --param city=Oslo --param days=3
      airflow-harness run weather_etl --conf '{"city": "Oslo"}' --manual
      airflow-harness run weather_etl --world fixtures/world.yaml --from-task load --pdb
      airflow-harness run weather_etl --only extract,load --json | jq .state
      airflow-harness run weather_etl --keep ledgers/today && less ledgers/today/journal.jsonl
    """
    from harness.cli.commands.rehearse import Rehearse, RunArguments

    return Rehearse(RunArguments(**arguments))
