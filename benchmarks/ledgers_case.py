"""What a ledger costs while it is written, and how long a question to a large one takes; figures as JSON."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
RUNS, TASKS = 365, 20
QUESTION = "select task_id, count(*), max(duration_s) from task_instances group by all order by all"


def writing(repetitions: int) -> dict[str, float]:
    """The part of a simulation's processor time that its ledger takes, of a year of daily runs of 20 tasks.

    With and without in turn, and the median of the differences: a machine may have other work.
    """
    from harness.bridge.environment import sandbox

    sandbox.enter()
    from airflow.sdk import DAG, task

    from harness.simulation import CalendarOptions, Rehearsal

    with DAG("year", schedule="@daily", start_date=START) as dag:
        for number in range(TASKS):
            task(task_id=f"task_{number}")(lambda ds: ds)()
    rehearsal = Rehearsal()
    rehearsal.folder.dags["year"] = dag

    def spent(keep: Path | None) -> float:
        began = time.process_time()
        rehearsal.simulate(CalendarOptions(START, START + timedelta(days=RUNS - 1), keep=keep))
        return time.process_time() - began

    with tempfile.TemporaryDirectory() as folder:
        spent(None)
        pairs = [(spent(None), spent(Path(folder))) for _ in range(repetitions)]
    without = statistics.median(one for one, _ in pairs)
    return {
        "ledger_write_ratio": statistics.median(kept / bare for bare, kept in pairs),
        "ledger_ti_ms": without * 1000 / RUNS / TASKS,
    }


def asking(records: int) -> dict[str, float]:
    """Seconds of a question to a ledger of so many records: the first, and one when it was read before."""
    from harness.ledger.questions import asked

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, records)
        took = []
        for _ in range(3):
            began = time.perf_counter()
            asked([folder], QUESTION).fetchall()
            took.append(time.perf_counter() - began)
    return {"ledger_records": records, "ledger_first_question_s": took[0], "ledger_question_s": min(took[1:])}


def _write(folder: Path, records: int) -> None:
    """A ledger of daily runs of 20 tasks, as the recorder writes it."""
    from harness.ledger.journal import FileJournal

    with FileJournal(folder) as journal:
        for day in range(records // (9 * TASKS)):
            at = f"{START + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}"
            of = {"at": at, "dag_id": "year", "run_id": f"scheduled__{at}"}
            dates = {"data_interval_start": at, "data_interval_end": at, "run_after": at, "logical_date": at}
            journal.write({**of, **dates, "kind": "run-created", "run_type": "scheduled", "conf": {}})
            for number in range(TASKS):
                ti = {**of, "task_id": f"task_{number}", "map_index": -1, "try_number": 1}
                for state in ("scheduled", "queued", "running"):
                    journal.write({**ti, "kind": "ti-state", "state": state, "reason": None, "due": None})
                journal.write({**ti, "kind": "rendered", "fields": {"sql": "select 1", "params": {"day": at}}})
                for key in ("return_value", "rows", "path"):
                    journal.write({**ti, "kind": "xcom", "key": key, "value": {"rows": number}})
                ended = {"state": "success", "start": at, "end": at, "reason": None, "error": None, "log": None}
                journal.write({**ti, "kind": "attempt", **ended})
                journal.write({**ti, "kind": "ti-state", "state": "success", "reason": None, "due": None})
            journal.write({**of, "kind": "run-state", "state": "success", "reason": None})


def main() -> None:
    """Measure what the command line names."""
    what, number = sys.argv[1], int(sys.argv[2])
    print(json.dumps({"writing": writing, "asking": asking}[what](number)))


if __name__ == "__main__":
    main()
