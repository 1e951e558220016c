"""Which Dags a command loads, and the world they live in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import NoDagsFolder
from harness.project.config import Config

if TYPE_CHECKING:
    from harness.bridge.loader import Folder
    from harness.cli.terminal import Terminal
    from harness.project.drivers import DriverOptions
    from harness.simulation.rehearsal import Rehearsal
    from harness.world import World

NOTES = 5
"""Files that do not import, named beside what was asked for."""


def configured(config: Config) -> list[Path]:
    """The Dag folders of the settings.

    Raises: NoDagsFolder: none is configured and there is no ``./dags``.
    """
    if config.dags:
        return config.dags
    raise NoDagsFolder(
        f"no Dag folder: there is no {Path.cwd() / 'dags'} and none is configured",
        known=f"settings are read from {config.file}" if config.file else "there is no pyproject.toml",
        fix='name it with --dags, or dags = ["…"] under [tool.airflow-harness] in pyproject.toml',
    )


def world_of(file: Path | None, network: Iterable[str] = (), record: bool = False) -> World | None:
    """The world a file declares, None without one.

    Args:
        network: what tasks may connect to beside what it says.
        record: its cassette is to record.
    Raises: WorldError: the file, an entry that names no host, or a service that there is not.
    """
    allow = tuple(network)
    if file is None and not (allow or record):
        return None
    from harness.world import World, load

    world = World() if file is None else load(file)
    world.allow(*allow)
    if record:
        world.network = world.network.recording()
    refuse_unknown_services(world)
    return world


def refuse_unknown_services(world: World) -> None:
    """See whether the services that a world names exist. Raises: WorldError."""
    from harness.world.model import needs_services

    if needs_services(world):
        from harness.services.binding import refuse_unknown  # nothing of services is imported for a world without

        refuse_unknown(world)


def note_found(folder: Folder, terminal: Terminal) -> None:
    """What somebody should know of how the Dag files were found, and of what they did while they were parsed."""
    for note in dict.fromkeys(folder.notes):
        terminal.note(note)


def note_clocks(world: World | None, drivers: DriverOptions, terminal: Terminal) -> None:
    """Services of the world that tell the real time while the run's is virtual."""
    from harness.world.model import needs_services

    if world is None or not needs_services(world):
        return
    from harness.services.binding import clock_notes  # a run that asks for none does not import them

    for note in clock_notes(world, drivers):
        terminal.note(note)


def note_plugins(rehearsal: Rehearsal, terminal: Terminal) -> None:
    """Name plugins that do not load, where no result will."""
    from harness.report.terminal import shown_place
    from harness.simulation.rehearsal import failed_plugins

    for finding in failed_plugins(rehearsal.surroundings):
        terminal.note(f"{shown_place(str(finding.path))}:{finding.line} {finding.message}")


def note_failures(folder: Folder, terminal: Terminal) -> None:
    """Name files that did not import: what is simulated does not hide them."""
    from harness.report.terminal import shown_place

    for failure in folder.failures[:NOTES]:
        terminal.note(f"{shown_place(str(failure.path))}:{failure.line} does not import: {failure.message}")
    if len(folder.failures) > NOTES:
        terminal.note(f"and {len(folder.failures) - NOTES} more files do not import")
