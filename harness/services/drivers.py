"""Which driver gives a service, and why that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UsageError, known_names
from harness.project.drivers import DriverOptions
from harness.services.base import AUTO, Service


@dataclass(frozen=True)
class Choice:
    """A driver, and the reason: ``--driver``, ``AIRFLOW_HARNESS_S3_DRIVER``, ``the default``."""

    driver: str
    reason: str


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
) -> Choice:
    """The driver of a service: option before environment, settings and the world; else it chooses itself.

    Args:
        declared: ``driver`` of the connection's entry in the world.
        asked: of the command line and the project.
        environment: of whoever runs us.
    Raises: UsageError: there is no such driver.
    """
    name = service.name
    ways = (
        (asked.option.get(name), f"{asked.flag} {name}=…"),
        (environment.get(variable(name)), variable(name)),
        (asked.settings.get(name), "drivers of the project's settings"),
        (declared, "the world"),
    )
    for driver, reason in ways:
        if not driver or driver == AUTO:
            continue
        if driver not in service.drivers:
            raise UsageError(
                f"the service {name} has no driver {driver!r} ({reason})",
                known=known_names(driver, (AUTO, *service.drivers)),
            )
        return Choice(driver, reason)
    return Choice(*service.automatic(environment))
