"""``airflow-harness simulate``: the calendar of a whole Dag folder."""

from __future__ import annotations

from typing import Any

from harness.cli import options as given
from harness.cli.job import Job


@given.text("--since", "--from", "since", metavar="ISO", required=True, help="Virtual time to begin at.")
@given.text(
    "--until",
    metavar="ISO",
    required=True,
    help="Virtual time to end at, or a span after --since, as 7d; what happens at that very instant still counts.",
)
@given.dags
@given.texts("--dag", "dag_ids", metavar="DAG_ID", help="Only this Dag; may be repeated.  [default: all]")
@given.flag("--fresh", help="Deploy the Dags at --since for the first time: catchup makes up for the past.")
@given.texts(
    "--action",
    "actions",
    metavar="'ISO VERB DAG'",
    help="trigger, pause, unpause, clear or backfill meanwhile; repeatable.",
)
@given.text("--conf", metavar="JSON", help="The conf of the runs that schedules make, a JSON object.")
@given.world
@given.network
@given.seed
@given.as_json
@given.keep
@given.pdb
@given.verbose
def simulate(**arguments: Any) -> Job:
    """Run everything the schedules of a Dag folder ask for, from one date to another, in virtual time.

    Dag runs are made as Airflow's scheduler makes them: catchup, max_active_runs, assets, end dates. They share the
    pools and the executor of the world file, so what waits for a slot here would wait in production. Tasks that
    neither sleep nor have a duration under ``durations:`` in the world file take no virtual time.

    \b
    Examples:
      airflow-harness simulate --since 2025-01-01 --until 7d
      airflow-harness simulate --since 2025-01-01 --until 2025-02-01 --dag sales --world fixtures/world.yaml
      airflow-harness simulate --since 2025-01-01 --until 1d --fresh
      airflow-harness simulate --since 2025-01-01 --until 1d --action '2025-01-01T05:00Z trigger sales {"full": true}'
      airflow-harness simulate --since 2025-01-10 --until 1d \\
        --action '2025-01-10T05:00Z backfill sales {"from": "2025-01-01", "to": "2025-01-05", "max_active_runs": 2}'
    """
    from harness.cli.commands.calendar import CalendarArguments, SimulateCalendar

    return SimulateCalendar(CalendarArguments(**arguments))
