"""Runs Dags in an Airflow 2 and writes down what became of them: a program for that Airflow's own interpreter.

It stands alone: nothing of the harness is imported, since that needs Airflow 3, and Airflow's modules are looked up by
name, since those of the Airflow that is installed beside the harness are others. Each run is ``dag.test()`` at a date
that the Dag's own timetable names, with the interval and the run id that the scheduler of Airflow 2 would give it; what
retries waits for nothing. One JSON document a line on the file that it is told.

Source: airflow/models/dag.py `DAG.test` (2.11.2).
"""

from __future__ import annotations

import importlib
import json
import signal
import sys
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

RUN_LIMIT_S = 300
"""Real seconds of a run: an Airflow 2 waits in real time."""
_WINDOWS_DAYS = (2, 40, 800)
"""How far before the first instant the run before it may have been due."""


def main(asked: dict[str, Any], out: Any) -> None:
    """Run what is asked for.

    Args:
        asked: ``dags`` (paths), ``dag_ids``, ``since``, ``until``, ``is_replay``, ``conf``, ``pools``, ``hosts``.
        out: where the lines go.
    """
    _refuse_others(asked["hosts"])
    _module("sqlalchemy").event.listen(_module("airflow.settings").engine, "connect", _hasty)
    _module("airflow.utils.db").initdb()
    _make_pools(asked["pools"])
    dags = _loaded(asked["dags"], asked["dag_ids"], out)
    since, until = (_instant(asked[name]) for name in ("since", "until"))
    planned = [(info.run_after, dag_id, info) for dag_id in dags for info in _due(dags[dag_id], since, until, asked)]
    for dag_id in sorted({one[1] for one in planned}):
        _say(out, {"dag": dag_id, "tasks": [_task(task) for task in dags[dag_id].tasks]})
    for _, dag_id, info in sorted(planned, key=lambda one: one[:2]):
        _say(out, _ran(dags[dag_id], info, asked))
    _say(out, {"end": True})


def _module(name: str) -> Any:
    return importlib.import_module(name)


def _hasty(connection: Any, *_: object) -> None:
    """A database that is thrown away need not outlast the machine."""
    connection.execute("pragma synchronous = off")


def _say(out: Any, document: dict[str, Any]) -> None:
    out.write(json.dumps(document, default=str) + "\n")
    out.flush()


def _instant(text: str) -> Any:
    return _module("airflow.utils.timezone").coerce_datetime(datetime.fromisoformat(text))


def _refuse_others(hosts: list[str]) -> None:
    """Nothing is reached but this machine and what the world names."""
    allowed = {"localhost", "::1", *(host.rpartition(":")[0] or host for host in hosts)}

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event != "socket.connect" or not isinstance(args[1], tuple):
            return
        host = str(args[1][0])
        if not host.startswith("127.") and host not in allowed:
            raise ConnectionRefusedError(f"{host}:{args[1][1]} is not in the world: refused")

    sys.addaudithook(hook)


def _make_pools(pools: dict[str, int]) -> None:
    models = _module("airflow.models")
    for name, slots in pools.items():
        models.Pool.create_or_update_pool(name, slots, "", include_deferred=False)


def _loaded(paths: list[str], dag_ids: list[str], out: Any) -> dict[str, Any]:
    """The Dags by id, stored as the scheduler stores them; what does not import is told."""
    dags: dict[str, Any] = {}
    for path in paths:
        bag = _module("airflow.models.dagbag").DagBag(path, include_examples=False, read_dags_from_db=False)
        bag.sync_to_db()
        for file, error in bag.import_errors.items():
            _say(out, {"not_imported": file, "why": str(error).strip().splitlines()[-1]})
        dags.update(bag.dags)
    for dag in dags.values():
        for task in dag.tasks:
            given = getattr(task, "partial_kwargs", None)  # of a mapped one
            if given is None:
                task.retry_delay, task.retry_exponential_backoff = timedelta(0), False
            else:
                given.update(retry_delay=timedelta(0), retry_exponential_backoff=False)
    return {dag_id: dags[dag_id] for dag_id in (dag_ids or sorted(dags)) if dag_id in dags}


def _due(dag: Any, since: Any, until: Any, asked: dict[str, Any]) -> list[Any]:
    """The runs that the Dag's timetable names: of a replay by their logical date, else by when they are due."""
    earliest, latest, _ = dag._time_restriction
    until = min(until, latest or until)
    if asked["is_replay"]:
        return list(dag.iter_dagrun_infos_between(max(since, earliest or since), until))
    found: list[Any] = []
    for days in _WINDOWS_DAYS:
        begin = since - timedelta(days=days)
        found = list(dag.iter_dagrun_infos_between(max(begin, earliest or begin), until))
        if found and found[0].run_after < since:
            break
    return [info for info in found if since <= info.run_after <= until]


def _task(task: Any) -> dict[str, Any]:
    names = ("task_id", "trigger_rule", "retries", "pool", "pool_slots", "queue")
    told = {name: getattr(task, name, None) for name in names}
    told["trigger_rule"] = str(getattr(told["trigger_rule"], "value", told["trigger_rule"]))
    return {**told, "executor": None, "operator": task.task_type, "downstream": sorted(task.downstream_task_ids)}


class _TooLongError(BaseException):
    """A run took more than `RUN_LIMIT_S`. No ``Exception``: ``dag.test()`` would take it for a task's, and go on."""


@contextmanager
def _limited() -> Any:
    def over(*_: object) -> None:
        raise _TooLongError(f"the run took more than {RUN_LIMIT_S} s")

    # No alarm: a task's execution_timeout sets the process's only one, and puts it off at the end (`TimeoutPosix`).
    signal.signal(signal.SIGUSR2, over)
    timer = threading.Timer(RUN_LIMIT_S, signal.pthread_kill, (threading.get_ident(), signal.SIGUSR2))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # one that is on its way would end the process


def _ran(dag: Any, info: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """What became of a run; of one that ``dag.test()`` refused before it made it, why."""
    types = _module("airflow.utils.types").DagRunType
    kind = types.BACKFILL_JOB if asked["is_replay"] else types.SCHEDULED
    run_id = kind.generate_run_id(info.logical_date)
    run_class = _module("airflow.models.dagrun").DagRun
    really, timetable = run_class.generate_run_id, dag.timetable
    run_class.generate_run_id = staticmethod(lambda *_: run_id)
    timetable.infer_manual_data_interval = lambda **_: info.data_interval
    problem = None
    try:
        with _limited():
            dag.test(execution_date=info.logical_date, run_conf=dict(asked["conf"]))
    except (Exception, _TooLongError) as error:
        problem = f"{type(error).__name__}: {error}"
    finally:
        run_class.generate_run_id = staticmethod(really)
        vars(timetable).pop("infer_manual_data_interval", None)
    with _module("airflow.utils.session").create_session() as session:
        run = session.query(run_class).filter_by(dag_id=dag.dag_id, run_id=run_id).one_or_none()
        if run is None:
            return {"not_begun": run_id, "dag_id": dag.dag_id, "why": problem}
        told = {
            "dag_id": dag.dag_id,
            "run_id": run_id,
            "run_type": str(kind.value),
            "logical_date": _text(run.execution_date),
            "data_interval_start": _text(info.data_interval.start),
            "data_interval_end": _text(info.data_interval.end),
            "run_after": _text(info.run_after),
            "conf": run.conf or {},
            "state": str(run.state),
            "start_date": _text(run.start_date),
            "end_date": _text(run.end_date),
            "problem": problem,
            "instances": [_instance(ti, session) for ti in run.get_task_instances(session=session)],
            "xcoms": _xcoms(dag.dag_id, run_id, session),
        }
        return {"run": told}


def _instance(ti: Any, session: Any) -> dict[str, Any]:
    rendered = _module("airflow.models.renderedtifields").RenderedTaskInstanceFields
    history = _module("airflow.models.taskinstancehistory").TaskInstanceHistory
    whose = {name: getattr(ti, name) for name in ("dag_id", "run_id", "task_id", "map_index")}
    former = session.query(history).filter_by(**whose).order_by(history.try_number).all()
    tries = [one for one in former if one.try_number < ti.try_number]
    return {
        "task_id": ti.task_id,
        "map_index": ti.map_index,
        **_try(ti),
        "rendered_fields": rendered.get_templated_fields(ti, session=session) or {},
        "tries": [_try(one) for one in (*tries, ti)],
    }


def _try(one: Any) -> dict[str, Any]:
    state = None if one.state is None else str(one.state)
    return {
        "try_number": one.try_number,
        "state": state,
        "start_date": _text(one.start_date or one.end_date),  # ``dag.test()`` tells no start
        "end_date": _text(one.end_date),
    }


def _xcoms(dag_id: str, run_id: str, session: Any) -> list[dict[str, Any]]:
    """Each XCom as it stands in the database: JSON, as in Airflow 3."""
    xcom = _module("airflow.models.xcom").BaseXCom
    columns = (xcom.task_id, xcom.map_index, xcom.key, xcom.timestamp, xcom.value)
    rows = session.query(*columns).filter(xcom.dag_id == dag_id, xcom.run_id == run_id).order_by(xcom.timestamp)
    found = [dict(row._mapping) for row in rows.all()]
    return [{**one, "timestamp": _text(one["timestamp"]), "value": _value(one["value"])} for one in found]


def _value(stored: Any) -> Any:
    """What stands in the database; as text where it is no JSON: pickled, or written by a backend of the user's."""
    try:
        return json.loads(stored)
    except (TypeError, ValueError):
        return str(stored)


def _text(moment: Any) -> str | None:
    return None if moment is None else moment.astimezone(timezone.utc).isoformat()


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file, whose modules are not the Dags'
    with Path(sys.argv[2]).open("w", encoding="utf-8") as _out:
        main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), _out)
