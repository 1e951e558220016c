"""One run by real Airflow in a process of its own, asked for from a process that keeps its Airflow to itself."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from datetime import timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.bridge.environment.sandbox import link
from harness.bridge.environment.surroundings import Surroundings
from harness.bridge.reference import DagToRun, RunHistory
from harness.bridge.reference.home import default_cache, environment, restore, template
from harness.bridge.standins.beside import told
from harness.errors import ReferenceFailed
from harness.kernel.instant import Instant, to_datetime
from harness.project.own_programs import ask
from harness.project.scratch import scratch
from harness.world import World
from harness.world.secrets import secrets_of

STDERR_SHOWN = 3_000
SHOWN = 3
_THE_PROJECTS = ("AIRFLOW__CORE__DEFAULT_TIMEZONE", "AIRFLOW__CORE__DAGS_FOLDER")
"""Settings that the reference makes for want of a better one."""


def airflow_run(
    folder: Path,
    dag_to_run: DagToRun,
    logical_date: Instant,
    conf: dict[str, Any],
    world: World,
    limit_s: float,
    surroundings: Surroundings,
) -> RunHistory:
    """What ``dag.test()`` of the installed Airflow makes of a run; a virtual clock begins at its logical date.

    Args:
        folder: the Dag's folder.
        world: its connections, variables, environment and stand-ins; services in it must be up.
        limit_s: real seconds until it is given up.
        surroundings: what the project's files find around them, on both sides.
    Raises: ReferenceFailed.
    """
    at = to_datetime(logical_date).astimezone(timezone.utc).isoformat()
    job: dict[str, Any] = {"folder": str(folder), **asdict(dag_to_run), "logical_date": at, "now": at, "conf": conf}
    job |= {"network": list(world.network.allow), **_cassette(world), "stand_ins": told(world)}
    job |= {"search_path": surroundings.search_path, "working_directory": str(Path.cwd())}
    with scratch("reference") as place:
        home = Path(place)
        database = home / "airflow.db"
        restore(template(default_cache()), database)
        link(surroundings.repository.home_entries, place)
        before = _of_children()
        try:
            env = {**surrounded(environment(home, database), surroundings), **as_environment(world)}
            found, done = ask("harness.bridge.reference.side", job, limit_s, env=env, cwd=home)
        except subprocess.TimeoutExpired:
            raise _too_long(dag_to_run, limit_s, _of_children() - before) from None
    return _history(dag_to_run.dag_id, found, done)


def _cassette(world: World) -> dict[str, Any]:
    """The world's cassette, and what is taken out of requests before they are looked for in it."""
    cassette = world.network.cassette
    if cassette is None:
        return {}
    return {"cassette": [str(cassette.file), list(cassette.hosts)], "secrets": sorted(secrets_of(world))}


def _too_long(dag_to_run: DagToRun, limit_s: float, busy_s: float) -> ReferenceFailed:
    """Reasons that apply: what waits for other Dags, where something does, else what kept the processor busy."""
    if dag_to_run.sensors:
        shown = ", ".join(map(repr, dag_to_run.sensors[:SHOWN]))
        why = f"dag.test() runs this Dag alone, and {shown} may wait for what only others bring, until it times out"
    elif busy_s > limit_s / 2:
        why = f"it computed for {busy_s:.0f} s: its tasks, or the imports before them, take that long"
    else:
        why = f"it computed for no more than {busy_s:.0f} s: it waited for something, or for a machine that is busy"
    return ReferenceFailed(
        f"Airflow's own run of {dag_to_run.dag_id!r} had not ended after {limit_s:g} s of real time",
        known=f"--limit {limit_s:g}",
        why=why,
        fix=f"give it longer: --limit {max(60, 5 * limit_s):g}",
    )


def _of_children() -> float:
    """Seconds of processor time of all processes that this one started and that have ended."""
    used = os.times()
    return used.children_user + used.children_system


def surrounded(own: dict[str, str], surroundings: Surroundings) -> dict[str, str]:
    """The environment with what the project sets; what keeps the reference to itself stays ours."""
    ours = {name: value for name, value in own.items() if name.startswith("AIRFLOW__") and name not in _THE_PROJECTS}
    return {**own, **surroundings.plain_environment, **surroundings.settings, **ours}


def _history(dag_id: str, found: Any, done: subprocess.CompletedProcess[str]) -> RunHistory:
    answer = found or {"error": f"its process ended with exit code {done.returncode}", "traceback": ""}
    if "package" in answer:
        raise _cannot_run(answer["package"], answer["error"])
    if "error" in answer:
        failed = ReferenceFailed(f"Airflow itself could not run {dag_id!r}: {answer['error']}")
        failed.user_traceback = answer["traceback"] or done.stderr[-STDERR_SHOWN:]
        raise failed
    return RunHistory.of_json(answer["result"])


def _cannot_run(package: str, error: str) -> ReferenceFailed:
    airflow = version("apache-airflow-core")
    beside = [
        f"{name} {version(name)}" for name in dict.fromkeys((package, "cadwyn", "fastapi", "pydantic")) if _has(name)
    ]
    return ReferenceFailed(
        f"Airflow {airflow} itself can run no task with the {package} that is installed: {error.splitlines()[0]}",
        known=", ".join(beside),
        why="each Airflow runs with the packages it was released with; its metadata allow later ones too",
        fix=f"install it with the constraints file of Airflow {airflow}, or an earlier {package}",
    )


def _has(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def as_environment(world: World) -> dict[str, str]:
    """A world as the environment variables Airflow reads: ``AIRFLOW_CONN_*``, ``AIRFLOW_VAR_*``, and its own."""
    found = dict(world.env)
    for conn_id, connection in world.connections.items():
        names = ("conn_type", "host", "login", "password", "schema", "port", "extra", "description")
        fields = {name: getattr(connection, name) for name in names}
        found[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps({n: v for n, v in fields.items() if v is not None})
    return found | {f"AIRFLOW_VAR_{key.upper()}": value for key, value in world.variables.items()}
