"""Brokers of this process that are down: their clients wait in virtual time until they are up again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OUTAGES: set[str] = set()
"""Of the process, as the brokers are: ``host:port``."""


def servers_of(settings: Mapping[str, Any]) -> frozenset[str]:
    """The servers that a client's settings name."""
    named = settings.get("bootstrap.servers") or settings.get("metadata.broker.list") or ""
    return frozenset(one.strip() for one in str(named).split(",") if one.strip())


def are_down(servers: frozenset[str]) -> bool:
    """Whether all of them are."""
    return bool(servers) and servers <= OUTAGES
