"""The oracle's own process: jobs as JSON lines on stdin, answers as JSON lines on what was stdout.

Started by `tests.differential.oracle.client` with the environment of `airflow_home.environment`.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import traceback
from pathlib import Path
from typing import Any, TextIO

from tests.differential.oracle.orphans import end_with_owner


def main(template: Path, database: Path) -> None:
    """Answer jobs until stdin ends."""
    end_with_owner()
    answers = _own_stdout()
    from airflow import settings

    from tests.differential.oracle.order import order_dags, order_dependencies, order_queue

    order_dependencies()
    order_dags()
    from tests.differential.oracle.database import CaseDatabase

    copy = CaseDatabase(template, database)
    order_queue(settings.engine)
    answers.write(json.dumps({"ready": os.getpid()}) + "\n")
    answers.flush()
    for line in sys.stdin:
        try:
            answer = {"result": _answer(json.loads(line), copy)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        if not gc.get_freeze_count():  # all of Airflow is imported now; looking through it again costs a tenth
            gc.collect()
            gc.freeze()


def _own_stdout() -> TextIO:
    """Keep stdout for answers; what Airflow and Dag files print goes to stderr."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _answer(job: dict[str, Any], database: Any) -> Any:
    from tests.differential.case import Case
    from tests.differential.codec import decode, encode

    database.reset()
    random.seed(0)  # run ids end with random letters, and task code may draw
    if job["kind"] == "case":
        from tests.differential.oracle.scheduler import run_case

        return encode(run_case(Path(job["folder"]), decode(Case, job["case"])))
    if job["kind"] == "lost":
        from tests.differential.oracle.lost import lose

        return lose(Path(job["folder"]), decode(Case, job["case"]), job["died_s"])
    if job["kind"] == "run":
        from tests.differential.oracle.run import run_dag

        return encode(run_dag(Path(job["folder"]), job["dag_id"], job["logical_date"], job["now"], job["conf"]))
    raise ValueError(f"unknown kind of job {job['kind']!r}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
