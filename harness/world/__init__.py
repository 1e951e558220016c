"""The world of a simulation: what production would provide around the Dags, and the file that declares it."""

from __future__ import annotations

from harness.world.entries import Answer, Connection, Executor, Pool, Stub, Worker
from harness.world.file import load
from harness.world.model import World

__all__ = ["Answer", "Connection", "Executor", "Pool", "Stub", "Worker", "World", "load"]
