"""The options of ``airflow-harness run``, each with its line of help."""

# no `from __future__ import annotations`: these are values
from pathlib import Path
from typing import Annotated

import typer

DagId = Annotated[str, typer.Argument(metavar="DAG_ID", help="A Dag id, or a .py file that holds one Dag.")]
Dags = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="PATH",
        help="Folder or file of Dags; may be repeated.  [default: dags of [tool.airflow-harness], else ./dags]",
    ),
]
LogicalDate = Annotated[
    str | None, typer.Option(metavar="ISO", help="Which run, UTC unless it says.  [default: the schedule's first]")
]
Conf = Annotated[str | None, typer.Option(metavar="JSON", help="The run's conf, a JSON object.")]
Param = Annotated[list[str] | None, typer.Option(metavar="K=V", help="A param; may be repeated.")]
World = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Connections, variables, pools.  [default: world of [tool.airflow-harness], else fixtures/world.yaml]",
    ),
]
Only = Annotated[
    list[str] | None, typer.Option(metavar="TASK", help="Run these tasks alone; repeated, or with commas.")
]
StartFrom = Annotated[
    str | None, typer.Option("--from", metavar="TASK", help="Run this task and those downstream of it.")
]
Seed = Annotated[int, typer.Option(metavar="N", help="Of random numbers in task code.")]
Start = Annotated[
    str | None, typer.Option(metavar="ISO", help="Virtual time to begin at.  [default: when the run is due]")
]
Horizon = Annotated[
    str | None, typer.Option(metavar="DURATION", help="Stop after so much virtual time, as 12h.  [default: 30d]")
]
Manual = Annotated[bool, typer.Option("--manual", help="A run as a person triggers it, on any date.")]
Alone = Annotated[bool, typer.Option("--alone", help="Leave out the Dags that sensors wait for.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, everything else on stderr.")]
Keep = Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the ledger here.  [default: a temporary folder]")]
Pdb = Annotated[bool, typer.Option("--pdb", help="Open the debugger where a task's code raises.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="All logs, and all else that was written.")]
