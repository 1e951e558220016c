"""Airflow's side of ``airflow-harness verify``: one job as JSON on stdin, one answer as JSON on what was stdout.

Started with the environment of `harness.bridge.reference.home.environment`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer the job: ``{"result": …}`` or ``{"error": …, "traceback": …}``."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what Airflow and Dag files print is not the answer
    try:
        answer = {"result": _answer(json.load(sys.stdin))}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    answers.write(json.dumps(answer, default=str))
    answers.close()


def _answer(job: dict[str, Any]) -> Any:
    sys.path += [entry for entry in job["search_path"] if entry not in sys.path]  # first: policies lie there
    from airflow import settings

    from harness.bridge.reference.clock import VirtualClock, register_sql_now
    from harness.bridge.reference.run import tested
    from harness.bridge.reference.wanted import Wanted

    os.chdir(job["working_directory"])  # as the simulator's: files may be named relative to it
    register_sql_now(settings.engine.raw_connection())
    with VirtualClock(dt.datetime.fromisoformat(job["now"])) as clock:
        date = dt.datetime.fromisoformat(job["logical_date"])
        dag = Wanted(job["dag_id"], job["files"], job["also"])
        history = tested(Path(job["folder"]), dag, date, job["conf"], clock)
    return history.to_json()


if __name__ == "__main__":
    main()
