"""The logs of a ledger as files that Airflow reads: a file for each try, a line of JSON for each entry.

Where they lie says `FILENAMES`, which the database of the shown ledger has as its template; a line has the fields of
``StructuredLogMessage`` (``airflow/utils/log/file_task_handler.py``, 3.3.2). A ledger keeps no time of an entry, and
none is made up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.bridge.ui.history import LedgerHistory, Run, Try
from harness.ledger.journal import LOGS

if TYPE_CHECKING:
    from jinja2 import Template

_ENTRY = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL) +(.*)", re.DOTALL)
NOTHING = "This try logged nothing."

FILENAMES = (
    "{% for kind, name in [('dag_id', ti.dag_id), ('run_id', ti.run_id), ('task_id', ti.task_id)] %}"
    "{{ kind }}="
    "{% for at in range(0, name | length, 60) %}"
    "+{{ name[at:at + 60] | replace('%', '%25') | replace('/', '%2F') }}/"
    "{% endfor %}"
    "{% endfor %}"
    "{% if ti.map_index >= 0 %}map_index={{ ti.map_index }}/{% endif %}"
    "attempt={{ try_number }}.log"
)
"""``[logging] log_filename_template`` of a shown ledger, below the folder of logs.

Not Airflow's own: an id has up to 250 characters, of up to four bytes each, and a folder's name at most 255 bytes; and
the id of a run may be any text, also one that leads out of the folder.
"""


def write_logs(history: LedgerHistory, folder: Path, base: Path) -> int:
    """Write a file for each try that a worker had.

    Args:
        folder: of the ledger.
        base: what ``[logging] base_log_folder`` is.
    Returns: how many.
    """
    count = 0
    written = set[Path]()
    for record in _kept(folder / LOGS):
        file = log_file(base, record["dag_id"], record["run_id"], record)
        _write(file, entries(record["text"]))
        written.add(file)
        count += 1
    for (dag_id, run_id), run in history.runs.items():
        for whose, one in _tries(run):
            file = log_file(base, dag_id, run_id, whose)
            if file not in written:
                _write(file, [_said_of(one)])
                count += 1
    return count


def log_file(base: Path, dag_id: str, run_id: str, whose: Mapping[str, Any]) -> Path:
    """Where Airflow looks for the log of a try.

    Args:
        whose: ``task_id``, ``map_index`` and ``try_number``.
    """
    ti = {"dag_id": dag_id, "run_id": run_id, "task_id": whose["task_id"], "map_index": whose["map_index"]}
    return base / _filename().render(ti=ti, try_number=whose["try_number"])


@lru_cache(maxsize=1)
def _filename() -> Template:
    from jinja2 import Environment

    return Environment(autoescape=False).from_string(FILENAMES)  # a path, no page


def entries(text: str) -> list[dict[str, str]]:
    """The entries of a kept log: lines ``LEVEL text``, and those without a level, which go with the one before."""
    found: list[dict[str, str]] = []
    for line in text.split("\n"):
        entry = _ENTRY.fullmatch(line)
        if entry is not None:
            found.append({"level": entry[1].lower(), "event": entry[2]})
        elif found:
            found[-1]["event"] += f"\n{line}"
        else:
            found.append({"level": "info", "event": line})
    return found


def _kept(file: Path) -> Iterator[dict[str, Any]]:
    """The records of the kept logs. The last may be cut off; and they are no part of the chain that is checked."""
    if not file.is_file():
        return
    with file.open("rb") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            yield record


def _tries(run: Run) -> Iterator[tuple[dict[str, Any], Try]]:
    for instance in run.instances.values():
        for one in instance.tries.values():
            if one.number > 0:
                yield (
                    {"task_id": instance.task_id, "map_index": instance.map_index, "try_number": one.number},
                    one,
                )


def _said_of(one: Try) -> dict[str, str]:
    """What stands in the place of a log that there is not: why the try ended as it did, where that is known."""
    if one.error is not None:
        where = f" ({one.error['where']})" if one.error.get("where") else ""
        return {"level": "error", "event": f"{one.error['type']}: {one.error['message']}{where}"}
    if one.reason:
        return {"level": "warning", "event": one.reason}
    return {"level": "info", "event": NOTHING}


def _write(file: Path, told: list[dict[str, str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{json.dumps(entry)}\n" for entry in told)
    file.write_text(lines, encoding="utf-8", errors="backslashreplace")
