"""The program that shows a ledger: fills the database of its environment, then is Airflow's API server on a socket.

It is started with the environment of `environment`, a socket that listens, and on stdin a job, a line of JSON. What it
has to say goes to what was stdout, a line of JSON each: ``written``, ``ready``, or ``error``. It ends with SIGTERM, or
when its stdin ends: then whoever started it is gone, and it takes its folder with it.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.bridge.environment.surroundings import Surroundings
from harness.bridge.reference.child import surrounded
from harness.bridge.reference.home import environment as of_an_airflow

GRACE_S = 1
"""Seconds that requests have to end when the server does."""

PARENT_SEEN_EVERY_S = 0.5

DATABASE, LOG_FOLDER, DRAWN = "airflow.db", "logs", "drawn"
"""In the server's folder: the metadata database, the logs, and what stands for the source of Dags without any."""


def environment(home: Path, ledger: str, secret: str, surroundings: Surroundings) -> dict[str, str]:
    """The environment of the process: a throw-away home, loopback's admins, nothing of the user's Airflow.

    Args:
        home: its folder.
        ledger: its name, which the UI shows.
        secret: signs what the server hands to browsers.
    """
    ours = {
        "AIRFLOW__API__BASE_URL": "/",  # where 3.1, which has no admins without a login, leads after one
        "AIRFLOW__API__INSTANCE_NAME": f"{ledger} (simulated)",
        "AIRFLOW__API__SECRET_KEY": secret,
        "AIRFLOW__API_AUTH__JWT_SECRET": secret,
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / LOG_FOLDER),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "_AIRFLOW_PROCESS_CONTEXT": "server",  # as ``airflow/api_fastapi/main.py`` has it (3.3.2)
    }
    return {**surrounded(of_an_airflow(home, home / DATABASE), surroundings), **ours}


def main() -> None:
    """Load the ledger of the job, and serve it."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def tell(kind: str, **told: Any) -> None:
        answers.write(json.dumps({"kind": kind, **told}) + "\n")

    job = json.loads(sys.stdin.buffer.readline())
    home = Path(job["home"])
    threading.Thread(target=_end_with_parent, args=[home, os.getppid()], daemon=True).start()
    try:
        _show(job, home, tell)
    except Exception as error:
        fact = f"{type(error).__name__}: {error}".partition("\n")[0]
        tell("error", error=fact, traceback=traceback.format_exc())
        sys.exit(1)


def _end_with_parent(home: Path, parent: int) -> None:
    """Wait until whoever started us is gone, then leave nothing behind.

    Its number is looked at too: what it forked holds its end of the pipe open.
    """
    while os.getppid() == parent:
        told, _, _ = select.select([0], [], [], PARENT_SEEN_EVERY_S)
        if told and not os.read(0, 1 << 12):
            break
    shutil.rmtree(home, ignore_errors=True)
    os._exit(0)


def _show(job: Mapping[str, Any], home: Path, tell: Any) -> None:
    sys.path += [entry for entry in job["search_path"] if entry not in sys.path]
    from harness.bridge.ui import database
    from harness.bridge.ui.dags import shown_dags
    from harness.bridge.ui.history import told_by
    from harness.bridge.ui.logs import write_logs
    from harness.bridge.ui.rows import moment

    began, worked = time.perf_counter(), time.process_time()
    ledger = Path(job["ledger"])
    history = told_by(ledger, job["size"])
    dags = shown_dags(history, job["documents"], home / DRAWN, job["name"])
    counts = database.write(history, dags)
    logs = write_logs(history, ledger, home / LOG_FOLDER)
    drawn = {dag.dag_id: dag.why_drawn for dag in dags if dag.why_drawn is not None}
    took = {"seconds": time.perf_counter() - began, "processor_s": time.process_time() - worked}
    tell("written", **asdict(counts), logs=logs, **took, drawn=drawn)
    _serve(socket.socket(fileno=job["socket"]), moment(history.end), tell)


def _serve(listening: socket.socket, present: datetime | None, tell: Any) -> None:
    """Source: ``_run_api_server_with_uvicorn`` (3.3.2)."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                tell("ready")

    config = uvicorn.Config(
        _app(present), log_config=None, access_log=False, log_level="error", timeout_graceful_shutdown=GRACE_S
    )
    Server(config).run(sockets=[listening])


def _app(present: datetime | None) -> Any:
    """Airflow's application of UI and REST API, without what plugins would add to it, and read only."""
    from airflow.api_fastapi import app as airflow_app

    from harness.bridge.ui.present import VirtualPresent, live_in
    from harness.bridge.ui.read_only import ReadOnly, refuse_writes

    # Blueprints of Airflow 2 stop the server where the FAB provider is not installed; and no view of a plugin is the
    # ledger's. Their timetables are needed, and are loaded all the same.
    patched: Any = airflow_app
    patched.init_plugins = patched.init_flask_plugins = _leave_out
    app = airflow_app.create_app(apps="core")
    if present is not None:
        live_in(present)
        app.add_middleware(VirtualPresent, present=present)
    app.add_middleware(ReadOnly)
    refuse_writes()
    return app


def _leave_out(app: Any) -> None:
    """What an application is not given."""
