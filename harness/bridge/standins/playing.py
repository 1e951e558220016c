"""What stands in a task's place: Airflow's task runner goes on around it as around the operator.

That is a stub of the world, or a local program where a pod, a Spark job or a shell would run.
"""

from __future__ import annotations

import importlib
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MethodType
from typing import Any

from harness.bridge.deciders import short_circuited
from harness.bridge.operators import subject_of
from harness.bridge.standins.elsewhere import needed_by, refuse
from harness.bridge.supervisor.store import facts
from harness.bridge.supervisor.task_context import TaskContext
from harness.bridge.versions.names import task_exception
from harness.errors import WorldError, known_names
from harness.kernel.instant import Instant, Microseconds, to_datetime
from harness.project.repository import project_of, top_of
from harness.scheduler.model import TaskInstance
from harness.world import World
from harness.world.calls import Call
from harness.world.entries import Stub
from harness.world.pattern import Subject, speaking

FAILS = "stubbed to fail"

_XCOM_FILE = "AIRFLOW_HARNESS_XCOM"
"""Environment variable with the file that a pod's ``/airflow/xcom/return.json`` is, where it pushes an XCom."""
_ARGUMENTS = ("arguments", "application_args")
_ENVIRONMENTS = ("env_vars", "environment", "env")
_HANDED_ON = ("HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
"""What a program needs of this machine. A pod sees nothing else of it."""


@dataclass(frozen=True)
class Replacement:
    """What stands in the place of one try of a task instance.

    Attributes:
        does: called with the runner's copy of the operator and the context.
        text: the pattern of the world's entry; None where the task is refused.
        takes: virtual microseconds; None for what durations say.
    """

    does: Callable[[Any, Any], Any]
    text: str | None = None
    takes: Microseconds | None = None


class StandIns:
    """What a world has happen in the place of task instances: a stub, a command, or for what cannot run, a refusal."""

    def __init__(self, world: World) -> None:
        self._world = world

    def of(self, ti: TaskInstance) -> Replacement | None:
        """What stands in a task instance's place at its present try; None where it runs itself."""
        world, dag = self._world, facts(ti.run).dag
        if world.stubs or world.commands:
            subject = subject_of(ti)
            found = declared(world, subject, ti.try_number, str(dag.fileloc))
            if found is not None or speaking(world.stubs, *subject) is not None:
                return found
        task = dag.task_dict[ti.task_id]
        needs = needed_by(task, world)
        if needs is None or (world.triggers and speaking(world.triggers, *subject_of(ti)) is not None):
            return None
        return Replacement(lambda made, _context: refuse(made, f"{dag.dag_id}.{ti.task_id}", needs))

    def put_in_place(self, chosen: Replacement, who: TaskContext, task: Any, now: Instant) -> None:
        """Have the runner's copy of an operator do something else, and keep book of it."""
        if chosen.text is None:
            who.cannot_run = type(task).__name__
        else:
            who.stood_in = chosen.text
            self._world.calls_made.append(_call(chosen.text, who.ti, task, now))
        replace_code(task, chosen)


def declared(world: World, subject: Subject, try_number: int, file: str) -> Replacement | None:
    """What the world says of a task instance at a try; None where it says nothing, or that the task runs itself.

    Args:
        file: of its Dag.
    """
    text = speaking(world.stubs, *subject)
    if text is not None:
        stub = world.stubs[text]
        if stub.runs_itself(try_number):
            return None
        return Replacement(lambda _task, context: play(stub, try_number, context), text, stub.at(try_number).takes)
    text = speaking(world.commands, *subject)
    if text is None:
        return None
    argv, near = world.commands[text], folder_of(file)
    return Replacement(lambda task, context: _run_locally(argv, task, context, near), text)


def replace_code(task: Any, chosen: Replacement) -> None:
    """Have the runner's copy of an operator do something else, and none of the operator's own code.

    Hooks and callbacks that the Dag's author gave the task (``pre_execute=``, ``on_execute_callback=``) stay.
    Source: ``_execute_task``, which asks the operator for ``execute`` when it begins (3.1.8 and 3.3.2).
    """
    from airflow.sdk import BaseOperator

    task.execute = lambda context: chosen.does(task, context)
    task.on_kill = lambda: None
    task.pre_execute = MethodType(BaseOperator.pre_execute, task)
    task.post_execute = MethodType(BaseOperator.post_execute, task)


def folder_of(file: str) -> Path:
    """The project of a Dag file, else its repository, else the folder it lies in."""
    folder = Path(file).resolve().parent
    return project_of(folder) or top_of(folder) or folder


def _call(text: str, ti: TaskInstance, task: Any, now: Instant) -> Call:
    run = ti.run
    rendered = {name: getattr(task, name, None) for name in task.template_fields}
    given = getattr(task, "_BaseOperator__init_kwargs", {})
    kwargs = {name: value for name, value in given.items() if name not in ("dag", "task_group", "default_args")}
    return Call(
        dag_id=run.dag.dag_id,
        task_id=ti.task_id,
        run_id=run.run_id,
        pattern=text,
        map_index=ti.map_index,
        try_number=ti.try_number,
        logical_date=None if run.logical_date is None else to_datetime(run.logical_date),
        at=to_datetime(now),
        rendered=rendered,
        kwargs={**kwargs, **rendered},
        subject=subject_of(ti),
    )


def play(stub: Stub, try_number: int, context: Any) -> Any:
    """End as the stub says.

    Args:
        try_number: from 1.
        context: the task's.
    Returns: what the task returns.
    Raises: AirflowException, AirflowFailException, AirflowSkipException; DownstreamTasksSkipped as branching does; what
        a stub raises or its function does.
    """
    outcome = stub.at(try_number)
    for key, value in outcome.xcoms.items():
        context["ti"].xcom_push(key=key, value=value)
    if try_number <= stub.fails and outcome.raises is None:
        raise task_exception("AirflowException")(f"{FAILS}, try {try_number} of {stub.fails}")
    if isinstance(outcome.raises, str):
        raise task_exception("AirflowException")(outcome.raises)
    if outcome.raises is not None:
        raise outcome.raises if isinstance(outcome.raises, type) else outcome.raises.with_traceback(None)
    if outcome.state == "failed":
        raise task_exception("AirflowFailException")(FAILS)
    if outcome.state == "skipped":
        raise task_exception("AirflowSkipException")("stubbed as skipped")
    if outcome.follows is not None:
        return _follow(context, outcome.follows)
    if outcome.does is not None:
        return (function_of(outcome.does) if isinstance(outcome.does, str) else outcome.does)(context)
    return outcome.returns


def _follow(context: Any, branches: tuple[str, ...]) -> Any:
    """Source: ``BaseBranchOperator.execute``, ``ShortCircuitOperator.execute``."""
    task = context["task"]
    if hasattr(task, "do_branch"):
        return task.do_branch(context, list(branches))
    if not hasattr(task, "skip_all_except"):
        raise task_exception("AirflowException")(f"stubbed to follow a branch, but {task.task_type} has none")
    if not any(each.__name__ == "ShortCircuitOperator" for each in type(task).__mro__):
        task.skip_all_except(context["ti"], list(branches))
    elif not branches:
        task.skip(context["ti"], [task.dag.task_dict[task_id] for task_id in short_circuited(task)])
    return bool(branches)


def function_of(path: str) -> Any:
    """The function of a dotted path, as ``tests.fakes.submit``.

    Raises: WorldError: there is none.
    """
    module, _, name = path.rpartition(".")
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise WorldError(f"does: {path!r} cannot be imported: {error}", fix=_IMPORTABLE) from None
    function = getattr(found, name, None)
    if not callable(function):
        known = known_names(name, [each for each, one in vars(found).items() if callable(one) and each[0] != "_"])
        raise WorldError(f"does: module {module!r} has no function {name!r}", known=known)
    return function


_IMPORTABLE = "write it as a Dag file would import it: from the repository, the Dag folder or the plugins folder"


def check_functions(world: World) -> None:
    """See that what stubs do by dotted paths is there, before anything runs.

    Raises: WorldError: with the place of the entry.
    """
    for text, stub in world.stubs.items():
        for path in stub.functions:
            try:
                function_of(path)
            except WorldError as error:
                fact = f"stub {text!r}: {error.fact}"
                raise WorldError(fact, where=world.where("stubs", text), known=error.known, fix=error.fix) from None


def _run_locally(argv: Sequence[str], task: Any, context: Any, repo: Path) -> Any:
    """Run a program where the task would run another, and end as the task would.

    A ``BashOperator`` runs it in its own way: environment, folder, exit code 99, its output. Others run it with their
    environment (``env_vars``), their ``arguments`` behind it, in the repository's folder.

    Args:
        argv: ``{repo}``, ``{python}`` are filled in; the arguments take the place of a part ``{arguments}``.
    Raises: AirflowException: it ended with another code than 0. AirflowSkipException: one of ``skip_on_exit_code``.
    """
    if hasattr(task, "bash_command"):
        return _in_bash(shlex.join(_filled(argv, (), repo)), task, context)
    return _as_a_pod(_filled(argv, list(_arguments(task)), repo), task, repo)


def _filled(argv: Sequence[str], arguments: Sequence[str], repo: Path) -> list[str]:
    places = {"{repo}": str(repo), "{python}": sys.executable}
    filled: list[str] = []
    for part in argv:
        if part == "{arguments}":
            filled += arguments
            continue
        for place, value in places.items():
            part = part.replace(place, value)
        filled.append(part)
    return filled if "{arguments}" in argv else [*filled, *arguments]


def _in_bash(command: str, task: Any, context: Any) -> Any:
    """Source: ``BashOperator.execute``; ``@task.bash`` has a function that tells the command."""
    if hasattr(task, "python_callable"):
        task.python_callable = lambda *_args, **_kwargs: command
    else:
        task.bash_command = command
    task.on_kill = MethodType(type(task).on_kill, task)
    return type(task).execute(task, context)


def _as_a_pod(argv: list[str], task: Any, repo: Path) -> Any:
    """Source: ``KubernetesPodOperator.process_pod_deletion``, ``cleanup``, ``extract_xcom`` (cncf.kubernetes 10)."""
    from airflow.providers.standard.hooks.subprocess import SubprocessHook

    hook = SubprocessHook()
    task.on_kill = hook.send_sigterm
    with TemporaryDirectory(prefix="airflow-harness-") as folder:
        file = Path(folder) / "return.json"
        env = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        env |= {**dict(_environment(task)), _XCOM_FILE: str(file)}
        code = hook.run_command(argv, env=env, cwd=str(repo)).exit_code
        skips = getattr(task, "skip_on_exit_code", None)
        if skips is not None and code in ([skips] if isinstance(skips, int) else skips):
            raise task_exception("AirflowSkipException")(f"{shlex.join(argv)} ended with {code}: skipped")
        if code:
            raise task_exception("AirflowException")(f"{shlex.join(argv)} ended with {code}")
        return json.loads(file.read_text()) if task.do_xcom_push and file.exists() else None


def _arguments(task: Any) -> Iterator[str]:
    for name in _ARGUMENTS:
        for one in getattr(task, name, None) or ():
            yield str(one)


def _environment(task: Any) -> Iterator[tuple[str, str]]:
    """Variables that the task sets; those that a pod gets from a secret or a field are not known here."""
    for name in _ENVIRONMENTS:
        given = getattr(task, name, None) or ()
        if isinstance(given, Mapping):
            yield from ((str(key), str(value)) for key, value in given.items())
            continue
        for one in given:
            if (value := _part(one, "value")) is not None:
                yield str(_part(one, "name")), str(value)


def _part(variable: Any, name: str) -> Any:
    return variable.get(name) if isinstance(variable, Mapping) else getattr(variable, name, None)
