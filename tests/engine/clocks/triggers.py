"""Triggers of our own, importable by class path."""

import asyncio
import sys
import time

from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async


class Broken(BaseTrigger):
    """Raises before its first event."""

    def serialize(self):
        return "tests.engine.clocks.triggers.Broken", {}

    async def run(self):
        if True:
            raise ConnectionError("the queue is gone")
        yield None


class Leaves(Broken):
    """Ends its process."""

    def serialize(self):
        return "tests.engine.clocks.triggers.Leaves", {}

    async def run(self):
        if True:
            raise SystemExit(0)
        yield None


class LeavesAside(Broken):
    """Ends its process from a task of its own that nobody awaits."""

    def serialize(self):
        return "tests.engine.clocks.triggers.LeavesAside", {}

    async def run(self):
        async def leave():
            sys.exit(0)

        aside = asyncio.create_task(leave())
        await asyncio.sleep(100)
        yield aside


begun = []


class Begins(Broken):
    """Tells that it began."""

    def serialize(self):
        return "tests.engine.clocks.triggers.Begins", {}

    async def run(self):
        begun.append(1)
        await asyncio.sleep(100)
        yield None


class InThread(Broken):
    """Blocks in a thread, as hooks that know no ``await`` do."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def serialize(self):
        return "tests.engine.clocks.triggers.InThread", {"seconds": self.seconds}

    async def run(self):
        await sync_to_async(time.sleep, thread_sensitive=False)(self.seconds)
        yield TriggerEvent(self.seconds)


class Cancelled(Broken):
    """Awaits a task that it cancelled itself."""

    def serialize(self):
        return "tests.engine.clocks.triggers.Cancelled", {}

    async def run(self):
        sleeping = asyncio.create_task(asyncio.sleep(100))
        sleeping.cancel()
        await sleeping
        yield None


class AsksTheNetwork(BaseTrigger):
    """Fires with the name of what a connection raised."""

    def __init__(self, host):
        super().__init__()
        self.host = host

    def serialize(self):
        return f"{__name__}.AsksTheNetwork", {"host": self.host}

    async def run(self):
        try:
            await asyncio.open_connection(self.host, 443)
        except OSError as error:
            yield TriggerEvent(type(error).__name__)
