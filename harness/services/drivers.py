"""Which driver gives a service, and why that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UsageError, known_names
from harness.project.drivers import DriverOptions
from harness.services.base import AUTO, Service

CONTAINER = "container"
"""The driver that takes an image: ``container:postgres:16``."""

_OF_WORLD = "the world"


@dataclass(frozen=True)
class Choice:
    """A driver, and the reason: ``--driver``, ``AIRFLOW_HARNESS_S3_DRIVER``, ``the default``.

    Attributes:
        image: of the driver ``container``; empty for the service's own choice.
    """

    driver: str
    reason: str
    image: str = ""

    @property
    def text(self) -> str:
        """As one writes it: ``embedded``, ``container:postgres:16``."""
        return f"{self.driver}:{self.image}" if self.image else self.driver

    @classmethod
    def of(cls, text: str, reason: str) -> Choice:
        """That of a text."""
        driver, _, image = text.partition(":")
        return cls(driver, reason, image)


def variable(name: str) -> str:
    """The environment variable that chooses a service's driver."""
    return f"AIRFLOW_HARNESS_{name.upper().replace('-', '_')}_DRIVER"


def refuse_unknown(asked: DriverOptions) -> None:
    """See that the command line names services that there are, with drivers that they have. Raises: UsageError."""
    from harness.services.registry import service_class

    for name in asked.option:
        choose(service_class(name), AUTO, asked, {})


def choose(
    service: type[Service],
    declared: str,
    asked: DriverOptions,
    environment: Mapping[str, str],
    where: str | None = None,
) -> Choice:
    """The driver of a service: option before environment, settings and the world; else it chooses itself.

    Args:
        declared: ``driver`` of the connection's entry in the world.
        asked: of the command line and the project.
        environment: of whoever runs us.
        where: the entry's place.
    Raises: UsageError: there is no such driver.
    """
    name = service.name
    ways = (
        (asked.option.get(name), f"{asked.flag} {name}=…"),
        (environment.get(variable(name)), variable(name)),
        (asked.settings.get(name), "drivers of the project's settings"),
        (declared, _OF_WORLD),
    )
    for text, reason in ways:
        if not text or text == AUTO:
            continue
        choice, place = Choice.of(text, reason), where if reason == _OF_WORLD else None
        if choice.driver not in service.drivers:
            raise UsageError(
                f"the service {name} has no driver {choice.driver!r} ({reason})",
                where=place,
                known=known_names(choice.driver, (AUTO, *service.drivers)),
            )
        if text != choice.driver and (choice.driver != CONTAINER or not choice.image):
            raise UsageError(
                f"{text!r} is no driver of the service {name} ({reason}): behind container: stands an image",
                where=place,
                fix=f"write {choice.driver}, or container:IMAGE",
            )
        return choice
    return Choice(*service.automatic(environment))
