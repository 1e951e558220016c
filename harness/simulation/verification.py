"""A user's Dag through the simulator and through Airflow itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from harness.bridge.reference import DagToRun, RunHistory
from harness.bridge.reference.child import airflow_run
from harness.bridge.standins.beside import without_their_time
from harness.bridge.standins.elsewhere import cannot_run_here
from harness.bridge.supervisor.store import facts
from harness.bridge.timetables import default_date
from harness.errors import HorizonReached, RunStuck, WorldError
from harness.kernel import SECOND, Instant
from harness.kernel.instant import later, to_datetime
from harness.results.run import RunResult
from harness.results.verification import NONE, Row, Verification
from harness.scheduler.model import DagRun, TaskInstance
from harness.simulation.awaited_dags import needed
from harness.simulation.options import RunOptions
from harness.simulation.rehearsal import Rehearsal
from harness.simulation.unmatched import check_world
from harness.simulation.worlds import served
from harness.world import World

if TYPE_CHECKING:
    from airflow.sdk import DAG

ALONE = "dag.test() runs this Dag alone: what it triggers or waits for does not happen"
LINK = "_link_"
"""Keys of the links that operators add: they hold the run_id, which ``dag.test()`` makes of the instant it starts."""

SHOWN, SHOWN_TASKS = 60, 5


def verify(
    rehearsal: Rehearsal, dag: DAG, world: World, logical_date: Instant | None, conf: dict[str, Any], limit_s: float
) -> Verification:
    """Run a Dag by hand on both sides and compare how each task, each XCom and the run itself ended.

    What a world makes otherwise than it is (`as_it_is`) is left out on both sides; what stands in does on both.
    XComs that differ between two simulations, one second and one seed apart, change by themselves and are not compared.

    Raises: DagNotFound, OffSchedule, UnmatchedEntry, ServiceUnavailable, ReferenceFailed. WorldError: tasks that cannot
        run here, and for which nothing stands in.
    """
    began = perf_counter()
    check_world(world, rehearsal.folder.dags, rehearsal.folder)

    def bare() -> World:  # one for each side and simulation: a task may set a variable, or fill a database
        return as_it_is(rehearsal.world_with(world.copy()))

    date = default_date(dag) if logical_date is None else logical_date
    options = RunOptions(logical_date=to_datetime(date), manual=True, conf=conf, companions=False, one_by_one=True)
    first = bare()
    ours, reasons, result = simulated(rehearsal, dag, first, options)
    _refuse_what_cannot_run(reasons)
    try:
        later_on = replace(options, seed=1, start=to_datetime(later(date, SECOND)))
        again, _, _ = simulated(rehearsal, dag, bare(), later_on)
        with served(bare(), rehearsal.drivers) as services:
            folder, live = _folder(rehearsal, dag), services.world
            theirs = airflow_run(folder, _dag_to_run(rehearsal, dag), date, conf, live, limit_s, rehearsal.surroundings)
    except (KeyboardInterrupt, SystemExit):
        rehearsal.unfinished = result  # our side is whole
        raise
    volatile = {key for key in ours.xcoms if ours.xcoms[key] != again.xcoms.get(key)}
    rows = compared(dag, ours, theirs, reasons, volatile)
    names = sorted(_named(*key) for key in volatile)
    airflow = version("apache-airflow-core")
    stood_in = tuple(dict.fromkeys(_named(one.task_id, one.map_index) for one in first.calls_made))
    real_s = perf_counter() - began
    return Verification(dag.dag_id, to_datetime(date), airflow, tuple(rows), tuple(names), real_s, stood_in)


def as_it_is(world: World) -> World:
    """The world without what Airflow beside us would not have: declared durations, answers of triggers, events, faults.

    Stubs and commands stand in on both sides, and take no time.
    """
    stubs = {text: without_their_time(stub) for text, stub in world.stubs.items()}
    return replace(world, stubs=stubs, durations={}, triggers={}, events=[], faults=[], drawn_faults=None)


def _refuse_what_cannot_run(reasons: Mapping[tuple[str, int], str]) -> None:
    """See that nothing was refused here that Airflow would try.

    Raises: WorldError: neither side could tell what those tasks come to.
    """
    refusal = f"{cannot_run_here().__name__}: "
    refused = [_named(*key) for key, reason in sorted(reasons.items()) if reason.startswith(refusal)]
    if refused:
        shown = ", ".join(map(repr, refused[:SHOWN_TASKS])) + (" …" if len(refused) > SHOWN_TASKS else "")
        raise WorldError(
            f"{shown} cannot run on this machine, so there is nothing to compare",
            why="Airflow would try, and wait or fail for want of what is not here",
            fix=f"say what they come to, stubs: {{{refused[0]}: {{returns: …}}}} in the world file: on both sides then",
        )


def simulated(
    rehearsal: Rehearsal, dag: DAG, world: World, options: RunOptions
) -> tuple[RunHistory, dict[tuple[str, int], str], RunResult | None]:
    """The end of a simulated run, the reason of each task instance that has one, and the result of a run that ended."""
    runs: list[DagRun] = []
    result: RunResult | None = None

    def watch(run: DagRun, ti: TaskInstance | None) -> None:
        if ti is None and run.dag.dag_id == dag.dag_id and run not in runs:
            runs.append(run)

    with suppress(RunStuck, HorizonReached):  # in Airflow such a run stays as it is
        result = rehearsal.run(dag, world, options, watch)
    run = runs[0]
    history = RunHistory(
        final={ti.key: (ti.state, ti.try_number) for ti in run.task_instances.values()},
        xcoms=dict(facts(run).xcoms),
        run_state="running" if run.state == "queued" else run.state,
    )
    return history, {ti.key: ti.reason for ti in run.task_instances.values() if ti.reason}, result


def compared(
    dag: DAG,
    ours: RunHistory,
    theirs: RunHistory,
    reasons: dict[tuple[str, int], str],
    volatile: set[tuple[str, int, str]],
) -> list[Row]:
    """The run, each task instance and each XCom, in that order."""
    why = _known_cause(dag)
    alike = ours.run_state == theirs.run_state
    rows = [Row("run", dag.dag_id, ours.run_state, theirs.run_state, alike, None if alike else why)]
    for key in sorted({*ours.final, *theirs.final}):
        here, there = ours.final.get(key), theirs.final.get(key)
        cause = None if here == there else "; ".join(filter(None, [reasons.get(key), why])) or None
        rows.append(Row("task", _named(*key), _state(here), _state(there), here == there, cause))
    compared = {xcom for xcom in {*ours.xcoms, *theirs.xcoms} - volatile if not xcom[2].startswith(LINK)}
    for xcom in sorted(compared):
        mine, real = in_order(ours.xcoms.get(xcom, NONE)), in_order(theirs.xcoms.get(xcom, NONE))
        rows.append(Row("xcom", _named(*xcom), _short(mine), _short(real), same(mine, real)))
    return rows


def same(mine: Any, real: Any) -> bool:
    """Whether two values are alike; dates are that are less than a second apart, for Airflow's side is shown its clock
    some microseconds late (`harness.bridge.reference.clock`).
    """
    if isinstance(mine, list) and isinstance(real, list):
        return len(mine) == len(real) and all(map(same, mine, real))
    if isinstance(mine, dict) and isinstance(real, dict):
        return mine.keys() == real.keys() and all(same(mine[key], real[key]) for key in mine)
    if mine == real:
        return True
    try:
        return abs(datetime.fromisoformat(mine) - datetime.fromisoformat(real)) < timedelta(seconds=1)
    except (TypeError, ValueError):  # no texts, no dates, or only one of them has a zone
        return False


def in_order(value: Any) -> Any:
    """A value without the order that Airflow's branching operators leave to a set."""
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return sorted(value)
    if isinstance(value, dict) and value and set(value) <= {"followed", "skipped"}:
        return {key: sorted(ids) if isinstance(ids, list) else ids for key, ids in value.items()}
    return value


def _known_cause(dag: DAG) -> str | None:
    kinds = {type(task).__name__ for task in dag.tasks}
    return ALONE if kinds & {"TriggerDagRunOperator", "ExternalTaskSensor"} else None


def _dag_to_run(rehearsal: Rehearsal, dag: DAG) -> DagToRun:
    """The Dag, those of its folder that it names, and their files: what else lies there is none of its business."""
    folder, places = _folder(rehearsal, dag), {dag.dag_id: Path(str(dag.fileloc)).resolve()}
    also = [one for one in needed(dag, rehearsal.folder.dags) if folder in Path(str(one.fileloc)).resolve().parents]
    places |= {one.dag_id: Path(str(one.fileloc)).resolve() for one in also}
    archives = rehearsal.folder.files
    files = [next((file for file in archives if file in place.parents), place) for place in places.values()]
    sensors = [task.task_id for task in dag.tasks if task._is_sensor]
    return DagToRun(dag.dag_id, [str(file) for file in dict.fromkeys(files)], [one.dag_id for one in also], sensors)


def _folder(rehearsal: Rehearsal, dag: DAG) -> Path:
    """The loaded folder that the Dag's file lies in."""
    file = Path(str(dag.fileloc)).resolve()
    roots = [root.resolve() for root in rehearsal.folder.roots]
    around = [root for root in roots if root in file.parents]
    return around[0] if around else file.parent


def _named(task_id: str, index: int, key: str | None = None) -> str:
    name = task_id if index < 0 else f"{task_id}[{index}]"
    return name if key is None else f"{name}.{key}"


def _state(found: tuple[str | None, int] | None) -> str:
    return NONE if found is None else f"{found[0] or 'no status'}, try {found[1]}"


def _short(value: Any) -> str:
    text = value if value is NONE else repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
