"""``airflow-harness verify``: a Dag through the simulator and through Airflow itself."""

from __future__ import annotations

import math
from typing import Any

import click

from harness.cli import options as given
from harness.cli.job import Job


class _Seconds(click.FloatRange):
    """A number that can be waited for: NaN lies beside every range."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        found = super().convert(value, parameter, context)
        if math.isnan(found):
            self.fail(f"{value} is no number of seconds.", parameter, context)
        return found


@given.one_run
@given.text(
    "--limit",
    "limit_s",
    metavar="SECONDS",
    type=_Seconds(0, 7 * 86400, min_open=True),
    default=120.0,
    show_default=True,
    help="Real seconds that Airflow's own run may take.",
)
@given.as_json
@given.verbose
def verify(**arguments: Any) -> Job:
    """Convince yourself: run one Dag in the simulator and in Airflow itself, and compare.

    Airflow's own dag.test() runs it in a separate process, on a throw-away SQLite database that is migrated the first
    time; only its waits are cut short. States, tries, map indexes and XComs of all tasks are compared. Exit code 0
    when they are alike, 1 when not.

    DAG_ID is that of a Dag, or a .py file that holds one.

    \b
    Examples:
      airflow-harness verify weather_etl
      airflow-harness verify weather_etl --world fixtures/world.yaml --logical-date 2025-01-01 -v
      airflow-harness verify dags/sales.py --json | jq .alike
    """
    from harness.cli.commands.verifying import VerifyArguments, Verifying

    return Verifying(VerifyArguments(**arguments))
