"""A run of a deployed Airflow as a ledger: from it a task is run again on this machine, with production's XComs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import ProductionUnavailable, known_names
from harness.ledger.journal import FileJournal
from harness.ledger.recorded import RecordedEvent, begin, events_of, instant, write_run
from harness.production.api import Answers, NotThere, pages, quoted
from harness.project.sensitive import HIDDEN, is_sensitive

SHOWN = 8


def keep_run(answers: Answers, airflow: str, dag_id: str, run_id: str, folder: Path) -> dict[str, int]:
    """Write a run into a ledger: its conf, dates and states, its tries, rendered fields and XComs.

    What a name says is a secret is hidden. A value that an XCom backend keeps elsewhere is there as its reference.

    Returns: how many task instances and XComs there are.
    Raises: ProductionUnavailable: also where there is no such run, with the latest there are.
    """
    run = _run(answers, dag_id, run_id)
    path = f"/dags/{quoted(dag_id)}/dagRuns/{quoted(run_id)}"
    whose = {"dag_id": dag_id, "run_id": run_id}
    instances = list(pages(answers, f"{path}/taskInstances", "task_instances"))
    xcoms = list(_xcoms(answers, path, whose))
    events = [event for ti in instances for event in _of_instance(answers, path, ti, whose)] + xcoms
    begun = instant(run["run_after"])
    with FileJournal(folder, {"source": answers.name, "airflow": airflow}) as journal:
        begin(journal, begun)
        journal.write({"at": begun, "kind": "dag", "dag_id": dag_id, "tasks": _tasks(answers, dag_id)})
        write_run(journal, {**run, **whose, "conf": without_secrets(run.get("conf") or {})}, events)
    return {"task_instances": len(instances), "xcoms": len(xcoms)}


def _run(answers: Answers, dag_id: str, run_id: str) -> Mapping[str, Any]:
    path = f"/dags/{quoted(dag_id)}/dagRuns"
    try:
        found: Mapping[str, Any] = answers.get(f"{path}/{quoted(run_id)}")
        return found
    except NotThere:
        pass
    try:
        latest = [run["dag_run_id"] for run in pages(answers, path, "dag_runs", SHOWN, order_by="-run_after")]
    except NotThere:
        dags = [dag["dag_id"] for dag in pages(answers, "/dags", "dags")]
        fact = f"{answers.name} has no Dag {dag_id!r}"
        raise ProductionUnavailable(fact, known=known_names(dag_id, dags), fix="correct the Dag id") from None
    known = ", ".join(latest) or "(none)"
    fact = f"Dag {dag_id!r} has no run {run_id!r} in {answers.name}"
    raise ProductionUnavailable(fact, known=f"the latest: {known}", fix="correct the run id")


def _tasks(answers: Answers, dag_id: str) -> list[dict[str, Any]]:
    """What the Dag is there at present. A run may be of an older version."""
    found = answers.get(f"/dags/{quoted(dag_id)}/tasks")["tasks"]
    names = {"operator": "operator_name", "downstream": "downstream_task_ids"}
    same = ("task_id", "trigger_rule", "retries", "pool", "pool_slots", "queue", "executor")
    told = [{name: task.get(names.get(name, name)) for name in (*same, *names)} for task in found]
    return [{**task, **{name: int(task[name] or 0) for name in ("retries", "pool_slots")}} for task in told]


def _of_instance(
    answers: Answers, path: str, ti: Mapping[str, Any], whose: Mapping[str, Any]
) -> Iterator[RecordedEvent]:
    """What became of a task instance."""
    fields = without_secrets(ti.get("rendered_fields") or {})
    yield from events_of(ti, _tries(answers, path, ti), fields, whose)


def _tries(answers: Answers, path: str, ti: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All tries of an instance; of one that had no second, itself."""
    if (ti["try_number"] or 0) < 2:
        return [ti]
    index = "" if ti["map_index"] < 0 else f"/{ti['map_index']}"
    found: list[Mapping[str, Any]] = answers.get(f"{path}/taskInstances/{quoted(ti['task_id'])}{index}/tries")[
        "task_instances"
    ]
    return found


def _xcoms(answers: Answers, path: str, whose: Mapping[str, Any]) -> Iterator[RecordedEvent]:
    """Each XCom as it stands in the database, which is how a task of this machine is given it."""
    for one in pages(answers, f"{path}/taskInstances/~/xcomEntries", "xcom_entries"):
        entry = f"{path}/taskInstances/{quoted(one['task_id'])}/xcomEntries/{quoted(one['key'])}"
        value = answers.get(entry, map_index=one["map_index"], deserialize="false")["value"]
        told = {"task_id": one["task_id"], "map_index": one["map_index"], "key": one["key"]}
        record = {"kind": "xcom", **whose, **told, "value": without_secrets(value, one["key"])}
        yield instant(one["timestamp"]) or "", 1, record


def without_secrets(value: Any, name: str = "") -> Any:
    """The value, with what a name says is a secret hidden."""
    if is_sensitive(name) and value not in (None, "", True, False):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: without_secrets(one, str(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [without_secrets(one, name) for one in value]
    return value
