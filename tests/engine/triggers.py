"""Triggers of our own, importable by class path."""

from airflow.triggers.base import BaseTrigger


class Broken(BaseTrigger):
    """Raises before its first event."""

    def serialize(self):
        return "tests.engine.triggers.Broken", {}

    async def run(self):
        if True:
            raise ConnectionError("the queue is gone")
        yield None
