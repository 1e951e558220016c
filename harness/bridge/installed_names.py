"""What the installed Airflow says of names: there, deprecated, gone. Asked in a process of its own.

Its `main` is a program: one job as JSON on stdin, one answer as JSON on what was stdout. It
imports modules of ``airflow`` and nothing of the user's.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.bridge.reference.home import environment
from harness.errors import AirflowUnusable
from harness.project.own_programs import answer, ask
from harness.project.scratch import scratch

LIMIT_S = 300.0
"""Real seconds for all names together: a hundred modules of providers take a minute on a slow disk."""

THERE, DEPRECATED, GONE, MISSING = "there", "deprecated", "gone", "missing"
"""Answers: importable; importable with a warning; not there; its package is not installed, so nobody can say."""


def answers_of(job: dict[str, Any]) -> dict[str, Any]:
    """Put names before the installed Airflow.

    Args:
        job: ``names``: dotted names; ``arguments``: dotted name -> arguments given to it; ``fields``: object of the
            context -> names of attributes.
    Returns: ``names``: dotted name -> [answer, Airflow's own words]; ``arguments``: dotted name -> those it does not
        take; ``context``: keys a task's context can have; ``rules``: trigger rules; ``public``: of ``airflow.sdk``;
        ``elsewhere``: dotted name -> see `_lacks`; ``fields``: object -> those of its attributes that are there.
    Raises: AirflowUnusable: it does not import.
    """
    with scratch("names") as home:
        env = environment(Path(home), Path(home) / "none.db")
        found, done = ask("harness.bridge.installed_names", job, LIMIT_S, env=env, cwd=home)
    if found is None:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise AirflowUnusable(
            f"the installed Airflow does not import: {last}", fix="repair this environment's installation of Airflow"
        )
    answers: dict[str, Any] = found
    return answers


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    import airflow.sdk
    from airflow.sdk import TriggerRule
    from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS

    names = {name: _state(name) for name in job["names"]}
    return {
        "names": names,
        "arguments": {name: _refused(name, arguments) for name, arguments in job["arguments"].items()},
        "context": sorted(KNOWN_CONTEXT_KEYS),
        "rules": [rule.value for rule in TriggerRule],
        "public": sorted(airflow.sdk.__all__),
        "elsewhere": {
            name: lacks for name, arguments in job["arguments"].items() if (lacks := _lacks(name, arguments))
        },
        "fields": {
            owner: sorted(set(names) & set(dir(_FIELD_OWNERS[owner]()))) for owner, names in job["fields"].items()
        },
    }


def _state(name: str) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            _found(name)
        except (ImportError, AttributeError) as error:
            return [MISSING if _not_installed(name) else GONE, str(error)]
        except Exception as error:  # a module that needs what is not there: not a matter of Airflow's version
            return [MISSING, f"{type(error).__name__}: {error}"]
    words = [str(one.message) for one in caught if _about(one, name)]
    return [DEPRECATED, words[0]] if words else [THERE, ""]


def _found(name: str) -> Any:
    """The object of a dotted name: the longest module there is, then attributes."""
    parts = name.split(".")
    failed: ImportError | None = None
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        try:
            value: Any = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module and not module.startswith(f"{error.name}."):
                raise  # the module is there, and what it imports is not
            failed = failed or error
            continue
        for attribute in parts[length:]:
            value = getattr(value, attribute)
        return value
    raise failed or ImportError(name)


def _not_installed(name: str) -> bool:
    """Whether a provider's package is missing: its own modules may well be there elsewhere."""
    from harness.bridge.airflow2 import provider_of

    package = provider_of(name)
    if package is None:
        return False
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return True
    return False


def _about(warning: warnings.WarningMessage, name: str) -> bool:
    """Whether a warning is about the name asked for, not about something that its module imports in passing."""
    if not issubclass(warning.category, (DeprecationWarning, FutureWarning, PendingDeprecationWarning)):
        return False
    return name.rpartition(".")[2] in str(warning.message) or name.rpartition(".")[0] in str(warning.message)


def _refused(name: str, arguments: Iterable[str]) -> list[str]:
    """Arguments that what is called does not take; none where it takes any.

    An operator takes the arguments of all its bases and refuses the rest: ``BaseOperator.__init__`` (3.3.2).
    """
    from airflow.sdk import BaseOperator

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            called = _found(_CALLED_AS.get(name, name))
    except Exception:
        return []
    is_operator = isinstance(called, type) and issubclass(called, BaseOperator)
    known: set[str] = set()
    for one in inspect.getmro(called) if is_operator else (called,):
        try:
            taken = inspect.signature(vars(one)["__init__"] if is_operator else one).parameters
        except (KeyError, TypeError, ValueError):
            continue
        if not is_operator and any(of.kind is of.VAR_KEYWORD for of in taken.values()):
            return []
        known |= set(taken)
    return [argument for argument in arguments if known and argument not in known]


_CALLED_AS = {
    "airflow.DAG": "airflow.sdk.DAG",
    "airflow.decorators.dag": "airflow.sdk.DAG",
    "airflow.sdk.dag": "airflow.sdk.DAG",
    "airflow.models.DAG": "airflow.sdk.DAG",
    "airflow.models.dag.DAG": "airflow.sdk.DAG",
}
"""Names that hide what takes their arguments: ``@dag(**kwargs)`` is ``DAG(**kwargs)``, and Airflow 2's DAG is 3's."""


def _lacks(name: str, arguments: Iterable[str]) -> list[Any]:
    """What the class of ``airflow.sdk`` that stands for one of Airflow 2 does not take, and what it takes.

    ``airflow.models.Variable.get`` still takes ``default_var=``, ``airflow.sdk.Variable.get`` does not.
    Returns: its dotted name, the arguments refused, the arguments known; empty where it takes all, or is the same.
    """
    import airflow.sdk

    parts = name.split(".")
    leaf = next((at for at, one in enumerate(parts) if one in airflow.sdk.__all__ and one[0].isupper()), None)
    if leaf is None or name.startswith(("airflow.sdk.", "airflow.providers.")):
        return []
    there = ".".join(["airflow.sdk", *parts[leaf:]])
    refused = _refused(there, arguments)
    if not refused or sorted(refused) == sorted(_refused(name, arguments)):
        return []
    return [there, refused, [one for one in inspect.signature(_found(there)).parameters if one not in ("self", "cls")]]


def _dag() -> Any:
    from airflow.sdk import DAG

    return DAG("dag")


def _dag_run() -> Any:
    from airflow.sdk.api.datamodels._generated import DagRun

    return DagRun.model_construct(**dict.fromkeys(DagRun.model_fields))


def _ti() -> Any:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    return RuntimeTaskInstance.model_construct(**dict.fromkeys(RuntimeTaskInstance.model_fields))


_FIELD_OWNERS = {"dag": _dag, "dag_run": _dag_run, "ti": _ti}
"""Objects of a task's context, as a worker has them."""


def main() -> None:
    """Answer the job."""
    answer(_answer)
