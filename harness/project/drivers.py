"""Which drivers of services are asked for: by the command line, and by the project's settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.errors import UsageError


@dataclass(frozen=True)
class DriverOptions:
    """What is asked for outside the world; the order among them stands in `harness.services.drivers.choose`.

    Attributes:
        option: service -> driver of the command line.
        settings: service -> driver of ``[tool.airflow-harness.drivers]``.
        flag: how the option is called here.
    """

    option: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    flag: str = "--driver"


def read_driver_option(flag: str, texts: Iterable[str]) -> dict[str, str]:
    """Service -> driver, of texts ``s3=external``.

    Args:
        flag: the option they were given to.
    Raises: UsageError: one that is no such text, or two for one service.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, mark, driver = text.partition("=")
        if not (name and mark and driver):
            raise UsageError(f"{flag} {text!r} names no service and driver", fix=f"write {flag} s3=external")
        if found.setdefault(name, driver) != driver:
            raise UsageError(f"{flag} asks for two drivers of {name}: {found[name]}, {driver}", fix="keep one of them")
    return found
