"""``airflow-harness doctor``: what works on this machine, found out by trying it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from harness.cli import inputs
from harness.cli import options as option
from harness.cli.folders import world_of
from harness.cli.terminal import Job
from harness.errors import ExitCode, HarnessError
from harness.project.config import read_config

if TYPE_CHECKING:
    from harness.cli.terminal import Terminal
    from harness.project.drivers import DriverOptions
    from harness.services.drivers import Choice
    from harness.world import World

SCHEMA = "airflow-harness/doctor/1"


@dataclass(frozen=True)
class Examined:
    """One thing that was tried.

    Attributes:
        works: whether it can be used here.
        needed: the project's world names it.
        about: its driver and why that one, its version, or what is wrong.
        fix: what would mend it; None where it works.
        seconds: real time that the trial took.
    """

    what: str
    works: bool
    needed: bool
    about: str
    fix: str | None = None
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As the document holds it."""
        return {**vars(self), "seconds": round(self.seconds, 3)}


@dataclass(frozen=True)
class Doctor:
    """One call of ``doctor``."""

    world: Path | None
    as_json: bool
    drivers: tuple[str, ...] = ()
    loads_dags = False

    def __call__(self, terminal: Terminal) -> int:
        """Try all; 3 when something does not work that the project needs."""
        config = read_config(Path.cwd())
        asked = inputs.drivers(self.drivers, config)
        world = world_of(self.world or config.world)
        found = []
        for tried in (_python(), _timed(_airflow), *_services(asked, world)):
            found.append(tried)
            if not self.as_json:
                _show(terminal, tried)
        broken = [tried for tried in found if tried.needed and not tried.works]
        if self.as_json:
            terminal.document({"schema": SCHEMA, "ok": not broken, "tried": [tried.to_json() for tried in found]})
        else:
            _verdict(terminal, found, broken)
        return ExitCode.UNAVAILABLE if broken else ExitCode.CLEAN


def _python() -> Examined:
    return Examined("Python", True, True, ".".join(map(str, sys.version_info[:3])))


def _timed(trial: Callable[[], Examined]) -> Examined:
    """The trial, with how long it took."""
    began = perf_counter()
    return replace(trial(), seconds=perf_counter() - began)


def _airflow() -> Examined:
    from harness.project.installed import airflow_version, newer_than_tested, version_of

    try:
        airflow_version()
    except HarnessError as error:
        return Examined("Airflow", False, True, error.fact, error.fix)
    return Examined("Airflow", True, True, newer_than_tested() or str(version_of("apache-airflow-core")))


def _services(asked: DriverOptions, world: World | None) -> Iterator[Examined]:
    """Each service, started and taken down again with the driver that a run would take."""
    from harness.services.binding import choices
    from harness.services.registry import names

    needed = {} if world is None else choices(world, asked)
    for name in names():
        yield _timed(partial(_service, name, asked, needed.get(name)))


def _service(name: str, asked: DriverOptions, chosen: Choice | None) -> Examined:
    from harness.services.base import AUTO
    from harness.services.binding import opened
    from harness.services.drivers import choose
    from harness.services.registry import service_class

    what, needed = f"service {name}", chosen is not None
    try:
        service = service_class(name)
        choice = chosen or choose(service, AUTO, asked, os.environ)
        opened(service, choice).close()
    except HarnessError as error:
        return Examined(what, False, needed, error.fact, error.fix)
    real = service.why_clock_is_real(choice.driver)
    about = f"{choice.text} ({choice.reason}){f'; its clock is real: {real}' if real else ''}"
    return Examined(what, True, needed, about)


def _show(terminal: Terminal, tried: Examined) -> None:
    from rich.text import Text

    from harness.report.style import glyphs

    signs = glyphs(terminal.console.encoding)
    sign, style = (signs.ok, "green") if tried.works else (signs.bad, "red" if tried.needed else "yellow")
    took = f"  ({tried.seconds:.1f} s)" if tried.seconds >= 0.05 else ""
    terminal.console.print(Text.assemble((f"{sign} {tried.what:<18}", style), tried.about, took), soft_wrap=True)
    if tried.fix:
        terminal.console.print(f"  fix     {tried.fix}", soft_wrap=True)


def _verdict(terminal: Terminal, found: list[Examined], broken: list[Examined]) -> None:
    missing = [tried for tried in found if not tried.works]
    terminal.console.print()
    if broken:
        named = ", ".join(tried.what for tried in broken)
        terminal.console.print(f"this project needs what does not work here: {named}", style="red")
    elif missing:
        terminal.console.print(f"all that this project needs works here; {len(missing)} more could")
    else:
        terminal.console.print("all works here")


@option.text("--world", metavar="FILE", type=option.PATH, help="World file.  [default: fixtures/world.yaml]")
@option.driver
@option.as_json
def doctor(world: Path | None, drivers: tuple[str, ...], as_json: bool) -> Job:
    """Say what works on this machine, what does not, and the command that would mend it.

    Every service is started as a run would start it, and taken down again: a few seconds. What the project's world
    names must work, or the exit code is 3; the rest is told.

    \b
    Examples:
      airflow-harness doctor
      airflow-harness doctor --json
      airflow-harness doctor --driver s3=external
      AIRFLOW_HARNESS_S3_URL=http://key:secret@localhost:9000 airflow-harness doctor
    """
    return Doctor(world, as_json, drivers)
