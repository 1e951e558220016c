"""A local program in the place of what a pod, a Spark job or a shell would run."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MethodType
from typing import Any

from harness.bridge.versions.names import task_exception

XCOM_FILE = "AIRFLOW_HARNESS_XCOM"
"""Environment variable with the file that a pod's ``/airflow/xcom/return.json`` is, where it pushes an XCom."""
_ARGUMENTS = ("arguments", "application_args")
_ENVIRONMENTS = ("env_vars", "environment", "env")
_HANDED_ON = ("HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
"""What a program needs of this machine. A pod sees nothing else of it."""


def run_locally(argv: Sequence[str], task: Any, context: Any, repo: Path) -> Any:
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
        env |= {**dict(_environment(task)), XCOM_FILE: str(file)}
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
