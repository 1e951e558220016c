"""Triggers of our own, importable by class path."""

import asyncio

from airflow.triggers.base import BaseTrigger


class Broken(BaseTrigger):
    """Raises before its first event."""

    def serialize(self):
        return "tests.engine.triggers.Broken", {}

    async def run(self):
        if True:
            raise ConnectionError("the queue is gone")
        yield None


class Leaves(Broken):
    """Ends its process."""

    def serialize(self):
        return "tests.engine.triggers.Leaves", {}

    async def run(self):
        if True:
            raise SystemExit(0)
        yield None


class Cancelled(Broken):
    """Awaits a task that it cancelled itself."""

    def serialize(self):
        return "tests.engine.triggers.Cancelled", {}

    async def run(self):
        sleeping = asyncio.create_task(asyncio.sleep(100))
        sleeping.cancel()
        await sleeping
        yield None
