"""Airflow's side of ``airflow-harness verify``: one job as JSON on stdin, one answer as JSON on what was stdout.

Started with the environment of `harness.bridge.reference.home.environment`.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.project.own_programs import answer

if TYPE_CHECKING:
    from harness.bridge.patches.network import NetworkGuard


def main() -> None:
    """Answer the job."""
    answer(_result)


def _result(job: dict[str, Any]) -> dict[str, Any]:
    """``{"result": …}`` or ``{"error": …, "traceback": …}``."""
    try:
        _refuse_what_cannot_run()
        return {"result": _answer(job)}
    except CannotRun as refused:
        error = refused.error
        return {"error": f"{type(error).__name__}: {error}", "package": refused.package}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}


class CannotRun(Exception):
    """The installed Airflow can run no task with the packages beside it."""

    def __init__(self, error: BaseException, package: str) -> None:
        super().__init__(error, package)
        self.error, self.package = error, package


def _refuse_what_cannot_run() -> None:
    """Have Airflow make the API that every task of ``dag.test()`` speaks to.

    Raises: CannotRun: it cannot; 3.2.2 does not with a fastapi and a cadwyn that came after it.
    """
    try:
        from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor

        InProcessTestSupervisor._api_client()
    except Exception as error:
        raise CannotRun(error, called_by("airflow", error)) from error


def called_by(package: str, error: BaseException) -> str:
    """The distribution whose code a package had called last when an error came up; the package itself for its own."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    modules = [str(frame.f_globals.get("__name__")).partition(".")[0] for frame in frames]
    last = max((n for n, name in enumerate(modules) if name == package), default=len(modules) - 1)
    name = modules[last + 1] if last + 1 < len(modules) else package
    return str(packages_distributions().get(name, [name])[0])


@contextmanager
def _played(job: dict[str, Any], guard: NetworkGuard) -> Iterator[None]:
    """Answer HTTP from the cassette of the simulator's world, where it has one."""
    if "cassette" not in job:
        yield
        return
    from harness.bridge.patches.cassettes import cassette_played
    from harness.world.network import Cassette
    from harness.world.secrets import Mask

    file, hosts = job["cassette"]
    refuse = partial(guard.refuse_request, file)
    with cassette_played(Cassette(Path(file), tuple(hosts)), Mask(job["secrets"]), refuse):
        yield


def _answer(job: dict[str, Any]) -> Any:
    sys.path += [entry for entry in job["search_path"] if entry not in sys.path]  # first: policies lie there
    from airflow import settings

    from harness.bridge.patches import replaced
    from harness.bridge.patches.network import NetworkGuard
    from harness.bridge.reference import DagToRun
    from harness.bridge.reference.clock import VirtualClock, register_sql_now
    from harness.bridge.reference.run import tested
    from harness.bridge.standins.beside import heard, in_airflow
    from harness.world.network import Network

    os.chdir(job["working_directory"])  # as the simulator's: files may be named relative to it
    register_sql_now(settings.engine.raw_connection())
    guard = NetworkGuard(Network(tuple(job["network"])), lambda _: None)
    with _played(job, guard), guard.on_duty(), VirtualClock(dt.datetime.fromisoformat(job["now"])) as clock:
        date = dt.datetime.fromisoformat(job["logical_date"])
        dag = DagToRun(job["dag_id"], job["files"], job["also"])
        with replaced([in_airflow(heard(job["stand_ins"]))]):
            history = tested(Path(job["folder"]), dag, date, job["conf"], clock)
    return history.to_json()
