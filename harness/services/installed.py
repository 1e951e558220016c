"""Whether the libraries are there that a service needs; they are not imported for it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from harness.errors import ServiceUnavailable


def install(extra: str) -> str:
    """The command that brings an extra."""
    return f'pip install "airflow-harness[{extra}]"'


def see_installed(title: str, extra: str, distributions: Mapping[str, str]) -> None:
    """See that modules are there which an extra brings.

    Args:
        title: of the service, as it begins a sentence.
        distributions: module -> the package that brings it.
    Raises: ServiceUnavailable: one of them is not installed.
    """
    missing = [package for module, package in distributions.items() if find_spec(module) is None]
    if missing:
        is_or_are = "is" if len(missing) == 1 else "are"
        raise ServiceUnavailable(
            f"{title} needs {' and '.join(missing)}, which {is_or_are} not installed", fix=install(extra)
        )
