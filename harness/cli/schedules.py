"""A folder's Dags loaded and their schedules asked; as a program, for a work tree of another revision.

The modules of two revisions have the same names, so that one process cannot hold both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.folders import configured, world_of
from harness.errors import HarnessError
from harness.kernel import stops
from harness.kernel.instant import Instant, to_datetime
from harness.project.config import config_for
from harness.project.own_programs import answer

if TYPE_CHECKING:
    from harness.results.schedule import FolderSchedule
    from harness.simulation import Rehearsal
    from harness.world import World


def loaded(
    dags: Sequence[Path],
    world_file: Path | None,
    collecting: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> tuple[Rehearsal, World | None]:
    """The Dags that are named, or configured, and their world.

    Args:
        collecting: what is written meanwhile is kept by it.
    Raises: HarnessError: whatever keeps them from being loaded.
    """
    from harness.bridge.environment.sandbox import enter
    from harness.project.installed import airflow_version

    config = config_for(dags, Path.cwd())
    paths = list(dags) or configured(config)
    world = world_of(world_file or config.world, config.network)
    airflow_version()
    enter()
    with collecting():
        from harness.simulation import Rehearsal

        return Rehearsal.of_paths(paths, world=world), world


def asked(
    rehearsal: Rehearsal, world: World | None, since: Instant, until: Instant, dag_ids: Iterable[str] = ()
) -> FolderSchedule:
    """What schedules ask for, with files that do not import among the findings, fit to be shown.

    Raises: DagNotFound.
    """
    from harness.cli.masking import masked_schedule
    from harness.simulation.schedules.folder import schedule_of

    found = schedule_of(rehearsal, to_datetime(since), to_datetime(until), dag_ids, world)
    return masked_schedule(replace(found, findings=(*found.findings, *rehearsal.folder.import_errors())))


def main() -> None:
    """The program: one question about the folder it is started in."""
    stops.listen()
    answer(_told)


def _told(question: dict[str, Any]) -> dict[str, Any]:
    """The document; where there is none, the error."""
    world = question["world"]
    try:
        rehearsal, read = loaded([Path(one) for one in question["dags"]], None if world is None else Path(world))
        return asked(rehearsal, read, Instant(question["since"]), Instant(question["until"])).to_json()
    except HarnessError as error:
        return {"error": {"message": error.fact, "where": error.where}}
