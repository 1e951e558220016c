"""Programs of ours: the commands that start them, so that nothing of the user's is taken for a part of them; and those
that are asked one thing.

``python -c`` and ``python -m`` put the working directory before everything else on ``sys.path``: a project with a
``harness.py``, a ``json.py`` or a ``ruff.py`` at its root would have it imported in place of what is meant.
``python -P`` says that it does not, from 3.11 on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subprocess import CompletedProcess, Popen

_PACKAGES = str(Path(__file__).resolve().parents[2])

_NOWHERE = "import sys; sys.path[:sys.path[:1] == ['']] = []"
"""Only what "-c" has put there: with ``PYTHONSAFEPATH`` that is nothing."""


def own_program(module: str) -> list[str]:
    """A command that calls ``main`` of a module of ours; ours is first on the path while our package is looked for.

    PYTHONPATH may name the project too.
    """
    package = module.partition(".")[0]
    ours = f"sys.path.insert(0, {_PACKAGES!r}); import {package}; sys.path.remove({_PACKAGES!r})"
    return [sys.executable, "-c", f"{_NOWHERE}; {ours}; from {module} import main; main()"]


def installed_program(module: str) -> list[str]:
    """A command that runs a module of an installed package, as ``python -m`` does elsewhere than in a project."""
    return [sys.executable, "-c", f"{_NOWHERE}; import runpy; runpy.run_module({module!r}, run_name='__main__')"]


def end_program(process: Popen[Any], patience_s: float) -> None:
    """Have a program end that was started, and wait until it has; killed where it takes longer than that."""
    from subprocess import TimeoutExpired

    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience_s)
    except TimeoutExpired:
        process.kill()
        process.wait()


def ask(
    module: str, question: Any, timeout_s: float, keeps_stderr: bool = True, **how: Any
) -> tuple[Any, CompletedProcess[str]]:
    """Have a program of ours answer one question, in a process of its own.

    Args:
        module: its ``main`` calls `answer`.
        question: plain data.
        timeout_s: real seconds until it is killed.
        keeps_stderr: what it writes there is kept. Where not, nothing that it starts and leaves behind holds us up.
        how: further arguments of ``subprocess.run``.
    Returns: its answer, None where it ended without one; and how it ended.
    Raises: subprocess.TimeoutExpired.
    """
    import subprocess  # not at start: a check that is answered from the cache asks nobody

    done = subprocess.run(
        own_program(module),
        input=json.dumps(question),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if keeps_stderr else subprocess.DEVNULL,
        text=True,
        timeout=timeout_s,
        check=False,
        **how,
    )
    try:
        return json.loads(done.stdout), done
    except ValueError:
        return None, done


def answer(made: Callable[[Any], Any]) -> None:
    """Be a program that is asked: a JSON document in, one out; whatever else is printed goes to standard error.

    Args:
        made: question -> answer, both plain data.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(made(json.load(sys.stdin)), answers, default=str)
    answers.close()
