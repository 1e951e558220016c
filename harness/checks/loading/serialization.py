"""``serialization``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bridge.stored import Unserializable, loadable
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("serialization")
def serialization(context: DagContext) -> Iterator[Problem]:
    """A Dag that does not survive Airflow's own serialise and deserialise.

    The scheduler never imports Dag files: it works from the serialised Dag in the database. One that cannot be stored
    is an import error in production, although the file itself imports; one that cannot be loaded again is not
    scheduled.

    The task and the field are named. Give fields plain values; register a timetable, a priority strategy or another
    class of your own in an Airflow plugin.
    """
    found = context.serialized if isinstance(context.serialized, Unserializable) else loadable(context.serialized)
    if found is None:
        return
    whose = f" of task {found.task_id!r}" if found.task_id else ""
    field = f"field {found.field!r}{whose}" if found.field else f"something{whose}"
    unknown = any(word in found.message for word in ("not registered", "Unknown"))
    yield Problem(
        f"Dag {context.dag_id!r} cannot be serialised: {field}: {' '.join(found.message.split())[:300]}",
        task_id=found.task_id,
        fix="register the class in a plugin (plugins/)" if unknown else "give the field a plain value",
    )
