"""Which services there are: ours, and those of installed packages (entry points ``airflow_harness.services``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from harness.errors import UsageError, known_names
from harness.services.base import Service
from harness.services.named import OURS

GROUP = "airflow_harness.services"


@cache
def _others() -> Mapping[str, EntryPoint]:
    """Of installed packages; reading their metadata takes tens of milliseconds, so it is done once, and late."""
    return {one.name: one for one in entry_points(group=GROUP) if one.name not in OURS}


def names() -> list[str]:
    """Of all there are, sorted."""
    return sorted({*OURS, *_others()})


def service_class(name: str) -> type[Service]:
    """The class of a service.

    Raises: UsageError: none is called so, or a package's does not load.
    """
    if name in OURS:
        module, _, attribute = OURS[name].partition(":")
        found: type[Service] = getattr(import_module(module), attribute)
        return found
    entry = _others().get(name)
    if entry is None:
        raise UsageError(f"there is no service {name!r}", known=known_names(name, names()))
    try:
        loaded = entry.load()
    except Exception as error:
        raise UsageError(
            f"the service {name!r} of the package {_package(entry)} does not load: {type(error).__name__}: {error}",
            fix=f"correct or uninstall {_package(entry)}",
        ) from None
    if not (isinstance(loaded, type) and issubclass(loaded, Service)):
        raise UsageError(
            f"the service {name!r} of the package {_package(entry)} is no subclass of harness.services.base.Service",
            where=entry.value,
        )
    return loaded


def services_of_types() -> dict[str, tuple[str, str]]:
    """Airflow's connection type -> (the name of the service that answers it, what it is); ours go first.

    Raises: UsageError: a package's service does not load.
    """
    found: dict[str, tuple[str, str]] = {}
    for name in [*OURS, *sorted(_others())]:
        answering = service_class(name)
        for conn_type in answering.conn_types:
            found.setdefault(conn_type, (name, answering.title))
    return found


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value
