"""Which driver gives a service, and why that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UsageError, known_names
from harness.services.base import AUTO, Service


@dataclass(frozen=True)
class Choice:
    """A driver, and the reason: ``--driver``, ``AIRFLOW_HARNESS_S3_DRIVER``, ``the default``."""

    driver: str
    reason: str


def variable(name: str) -> str:
    """The environment variable that chooses a service's driver."""
    return f"AIRFLOW_HARNESS_{name.upper().replace('-', '_')}_DRIVER"


def choose(
    service: type[Service],
    declared: str,
    option: Mapping[str, str],
    settings: Mapping[str, str],
    environment: Mapping[str, str],
) -> Choice:
    """The driver of a service: option before environment, settings and the world; else it chooses itself.

    Args:
        declared: ``driver`` of the connection's entry in the world.
        option: service -> driver of the command line.
        settings: service -> driver of the project.
        environment: of whoever runs us.
    Raises: UsageError: there is no such driver.
    """
    name = service.name
    ways = (
        (option.get(name), f"--driver {name}=…"),
        (environment.get(variable(name)), variable(name)),
        (settings.get(name), "drivers of the project's settings"),
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
