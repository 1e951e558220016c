"""Stand-ins of a world in a process of Airflow's own, told of them as data: both sides of ``verify`` have them.

What a world file can say goes over: a function given in a test does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from harness.bridge.operators import class_paths
from harness.bridge.patches import Change
from harness.bridge.standins.playing import declared, replace_code
from harness.errors import WorldError
from harness.kernel.instant import iso
from harness.world import World
from harness.world.entries import Stub
from harness.world.pattern import Subject

_DATA = (type(None), bool, int, float, str)


def told(world: World) -> dict[str, Any]:
    """The stand-ins of a world as JSON.

    Raises: WorldError: one of them is more than a world file can say.
    """
    for text, stub in world.stubs.items():
        if not _is_data(asdict(stub)):
            raise WorldError(
                f"stub {text!r} is no plain data: Airflow's own process cannot be told of it",
                where=world.where("stubs", text),
                fix="write it as a world file would: returns: of JSON, raises: of text, does: with a dotted path",
            )
    return {"stubs": {text: asdict(stub) for text, stub in world.stubs.items()}, "commands": world.commands}


def heard(found: Mapping[str, Any]) -> World:
    """A world of these stand-ins."""
    stubs = {text: _stub(fields) for text, fields in found["stubs"].items()}
    return World(stubs=stubs, commands={text: tuple(argv) for text, argv in found["commands"].items()})


def without_their_time(stub: Stub) -> Stub:
    """The same, which takes no virtual time: ``dag.test()`` knows none of a task's."""
    return replace(stub, takes=None, tries=tuple(map(without_their_time, stub.tries)))


def in_airflow(world: World) -> Change:
    """``_execute_task`` of the task runner, which asks a world's stand-ins first, as a simulation does."""
    from airflow.sdk.execution_time import task_runner

    original = task_runner._execute_task

    def execute_task(*args: Any, **kwargs: Any) -> Any:
        ti = kwargs["ti"]
        if ti._ti_context_from_server.next_method is None:  # it does not come back from a deferral
            run, task = ti._ti_context_from_server.dag_run, ti.task
            date = iso(run.run_after if run.logical_date is None else run.logical_date)
            subject = Subject(ti.dag_id, ti.task_id, ti.map_index, date, class_paths(task))
            chosen = declared(world, subject, ti.try_number, str(task.dag.fileloc))
            if chosen is not None:
                replace_code(task, chosen)
        return original(*args, **kwargs)

    return task_runner, "_execute_task", execute_task


def _stub(fields: Mapping[str, Any]) -> Stub:
    follows = fields["follows"]
    own = {"tries": tuple(map(_stub, fields["tries"])), "follows": None if follows is None else tuple(follows)}
    return Stub(**{**fields, **own})


def _is_data(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_data(one) for key, one in value.items())
    return all(map(_is_data, value)) if isinstance(value, (list, tuple)) else isinstance(value, _DATA)
