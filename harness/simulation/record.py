"""Writes down what happens: in the journal, in the timeline of the result, and for whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from harness.bridge.explain import Explanation
from harness.bridge.masking import masked
from harness.bridge.patches.network import RefusedConnection
from harness.bridge.patches.roundtrip import trouble
from harness.bridge.patches.warned import LostWrite
from harness.bridge.supervisor.store import AssetEvent, facts
from harness.bridge.supervisor.task_context import TaskContext, task_context
from harness.kernel import SECOND, Instant, ProcessKilled, Simulation, iso, span
from harness.ledger.journal import PATIENCE_S, Journal
from harness.ledger.kept_data import keep
from harness.results.finding import Finding
from harness.results.services import ServiceUse
from harness.results.world import WorldEventResult
from harness.scheduler.model import (
    AWAITING_INPUT,
    DEFERRED,
    RUNNING,
    SKIPPED,
    SUCCESS,
    UP_FOR_RESCHEDULE,
    DagRun,
    Deadline,
    TaskInstance,
)
from harness.scheduler.queueing import Limits
from harness.simulation.components.spilled_runs import RunEvent, RunsInMemory
from harness.simulation.history import AttemptSlice, history
from harness.simulation.missing import Needs, left_out
from harness.simulation.tally import Tally
from harness.simulation.watchers import Watcher

if TYPE_CHECKING:
    from harness.services.binding import Leases

REPORTED_TO_NOBODY = "Airflow only logs this and goes on: correct the callback, nobody would have been told"

_GOES_ON = (DEFERRED, UP_FOR_RESCHEDULE, AWAITING_INPUT)
_WITHOUT_ERROR = (SUCCESS, SKIPPED, *_GOES_ON)


class Recorder:
    """One simulation's record.

    Args:
        xcom_bytes: of JSON, above which an XCom is a finding; None: no XCom is one.

    Attributes:
        journal: where its records go.
        events: (instant, run, task name, state) of every state change of a task instance.
        findings: callbacks that raised, XComs that are too big, and the like, by run.
        triggered: runs that tasks started, with the task instance that did.
        refusals: connections that were refused, with their task, by run; not reported yet.
        needs: what was asked for and is not in the world.
        reported: what findings tell once for all runs, and have told.
        world_events: what happened around the Dags, in order.
        resumes: another process has told of the runs that are made now, and of what findings tell once.
        tally: how many task instances are in which state, and for how long.
        gather: calls `refused` for what processes were refused that tasks forked.
        runs: what became of them, in memory or elsewhere.
    """

    def __init__(self, journal: Journal, watcher: Watcher | None, xcom_bytes: float | None) -> None:
        self.simulation: Simulation | None = None
        self.resumes = False
        self.tally = Tally()
        self.gather: Callable[[], None] = lambda: None
        self.runs = RunsInMemory(self)
        self.events: dict[DagRun, list[RunEvent]] = {}
        self.findings: dict[DagRun, list[Finding]] = {}
        self.reported: set[tuple[str, str, str]] = set()
        self.triggered: dict[DagRun, TaskInstance] = {}
        self.refusals: dict[DagRun | None, set[tuple[str, RefusedConnection]]] = {}
        self.needs = Needs()
        self.world_events: list[WorldEventResult] = []
        self.journal = journal
        self._watcher = watcher
        self._xcom_bytes = xcom_bytes
        self._silent = type(journal).__name__ == "NoJournal"
        self._present: tuple[Instant | None, str] = (None, "")
        self._dags_told: set[str] = set()

    def begins(self, seed: int, limits: Limits) -> None:
        """A simulation begins, with these pools and executors."""
        if self._silent:
            return
        pools = [
            {"pool": one.name, "slots": one.slots, "include_deferred": one.include_deferred}
            for one in limits.pools.values()
        ]
        told = {"seed": seed, "parallelism": limits.parallelism, "pools": pools}
        self.journal.write({"at": self._now(), "kind": "simulation", **told})

    def run_created(self, run: DagRun) -> None:
        """A run exists."""
        self.events[run] = []
        if self.resumes:
            return
        self._tell_dag(run)
        self._write(
            run,
            "run-created",
            run_type=run.run_type,
            logical_date=_iso(run.logical_date),
            data_interval_start=_iso(run.data_interval_start),
            data_interval_end=_iso(run.data_interval_end),
            run_after=iso(run.run_after),
            conf=masked(dict(run.conf)),
            **_consumed(run),
        )
        self._left_out(run)
        if self._watcher is not None:
            self._watcher(run, None)

    def backfill(self, result: Mapping[str, Any]) -> None:
        """A person asked for a backfill; ``result`` is what it came to so far."""
        if not self._silent:
            self.journal.write({"kind": "backfill", **result})

    def run_state(self, run: DagRun) -> None:
        """A run changed its state."""
        self.tell_refusals(run)
        self._write(run, "run-state", state=run.state, reason=masked(run.reason))
        if self.journal.differs and self.simulation is not None:
            self.simulation.stop("the ledger does not go on")  # which is told when it is closed
        if self._watcher is not None:
            self._watcher(run, None)

    def ti_state(self, ti: TaskInstance) -> None:
        """A task instance changed its state."""
        run = ti.run
        self.gather()
        if self.refusals:
            self.tell_refusals(run)
        assert self.simulation is not None
        now = self.simulation.now
        self.tally.change(ti, now)
        name = ti.task.task_id if ti.map_index < 0 else ti.name
        self.events[run].append((now, name, ti.state))
        if not self._silent:
            self.journal.write(
                {
                    "at": self._now(),
                    "kind": "ti-state",
                    "dag_id": ti.run.dag.dag_id,
                    "run_id": ti.run.run_id,
                    "task_id": ti.task_id,
                    "map_index": ti.map_index,
                    "try_number": ti.try_number,
                    "state": ti.state,
                    "reason": masked(ti.reason),
                    "due": _iso(ti.due),
                }
            )
            if ti.state == RUNNING:  # its code, which comes next, may take long, or be the end of this process
                self.journal.flush(PATIENCE_S)
        if self._watcher is not None:
            self._watcher(ti.run, ti)

    def attempt(self, ti: TaskInstance, ended: AttemptSlice) -> None:
        """A task instance left its worker. Its log goes with the last slice of a try, which has all of the try's."""
        if self._silent:
            return
        past = history(ti)
        goes_on = ended.state in _GOES_ON
        self._write(
            ti.run,
            "attempt",
            task_id=ti.task_id,
            map_index=ti.map_index,
            try_number=ended.try_number,
            state=ended.state,
            start=self._text(ended.start),
            end=self._text(ended.end),
            reason=masked(ended.reason),
            error=None if past.error is None or ended.state in _WITHOUT_ERROR else _failure(past.error),
            log=None if goes_on else self._keep_log(ti, ended.try_number),
        )

    def _keep_log(self, ti: TaskInstance, try_number: int) -> int | None:
        past = history(ti)
        text = past.log.text(past.logged)
        if not text:
            return None
        past.logged = len(past.log.lines)
        whose = {"dag_id": ti.run.dag.dag_id, "run_id": ti.run.run_id, "task_id": ti.task_id}
        return self.journal.keep_log(
            {**whose, "map_index": ti.map_index, "try_number": try_number, "text": masked(text)}
        )

    def deferred(self, ti: TaskInstance, message: Any) -> None:
        """A trigger waits in a task instance's place; its arguments are told as Airflow serialises them."""
        if not self._silent:
            limit = message.trigger_timeout
            self._of(
                ti,
                "deferred",
                trigger=message.classpath,
                kwargs=masked(message.trigger_kwargs),
                method=message.next_method,
                timeout_s=None if limit is None else span(limit) / SECOND,
            )

    def resumed(self, ti: TaskInstance, method: str | None, kwargs: Any) -> None:
        """A trigger or a person had a task instance go on, with these arguments, or (no method) end."""
        if not self._silent:
            self._of(ti, "resumed", method=method, kwargs=masked(kwargs))

    def observe(self, who: TaskContext, kind: str, data: Any) -> None:
        """What a task said that belongs in the record."""
        ti = who.ti
        if kind == "skipped":
            self.ti_state(data)
        elif kind == "xcom" and not self._silent:
            task_id, index, key, value = data
            self._write(ti.run, "xcom", task_id=task_id, map_index=index, key=key, value=masked(value, key))
        elif kind == "callback-failed":
            self.callback_failed(ti.run, data[0], ti.task_id, data[1])
        elif kind == "pushed":
            self._pushed(ti.run, *data)
        elif kind in ("variable", "task-store", "asset-store") and not self._silent:
            self._of(ti, kind, **{**data, "value": masked(data["value"], data["key"])})
        elif kind == "rendered" and not self._silent:
            # masked by Airflow's `_serialize_rendered_fields`
            self._write(ti.run, "rendered", task_id=ti.task_id, map_index=ti.map_index, fields=data)
        elif kind == "missing":
            section, name = data
            self.needs.name(section, name, None if ti is None else ti.run.dag.dag_id)
        elif kind == "triggered":
            self.run_triggered(ti, data)

    def run_triggered(self, ti: TaskInstance, run: DagRun) -> None:
        """A task instance triggered a run."""
        self.triggered[run] = ti
        told = {"triggered_dag_id": run.dag.dag_id, "triggered_run_id": run.run_id}
        self._of(ti, "triggered", **told)

    def refused(self, refusal: RefusedConnection) -> None:
        """A connection was refused: called in the thread in which it was asked for, told when its task goes on."""
        who = task_context.get()
        ti = who.ti if who is not None else None
        run = getattr(ti, "run", None)
        if not refusal.request:
            self.needs.host(refusal.peer, run.dag.dag_id if run is not None else None)
        task_id = ti.task_id if ti is not None and run is not None else ""
        self.refusals.setdefault(run, set()).add((task_id, refusal))

    def at_the_end(self, run: DagRun | None = None) -> list[Finding]:
        """What was refused since the last change of a state; code that no task runs belongs to the run given.

        Returns: findings that belong to no run.
        """
        self.gather()
        alone = self.refusals.pop(None, set())
        if run is not None:
            self.refusals.setdefault(run, set()).update(alone)
            alone = set()
        for other in list(self.refusals):
            if other is not None:
                self.tell_refusals(other)
        return [_refused("", refusal) for _, refusal in sorted(alone, key=_by_task)]

    def tell_refusals(self, run: DagRun) -> None:
        """Each host and line that was refused in a run is a finding, once."""
        self.gather()
        if not self.refusals:
            return
        for task_id, refusal in sorted(self.refusals.pop(run, ()), key=_by_task):
            key = (run.dag.dag_id, task_id, f"{refusal.fact} {refusal.path}:{refusal.line}")
            if key not in self.reported:
                self.reported.add(key)
                self.finding(run, _refused(task_id, refusal, run))

    def stood_in(self, ti: TaskInstance, pattern: str) -> None:
        """Something stood in a task's place at its present try, by an entry of the world."""
        self._of(ti, "stood-in", pattern=pattern)

    def asset_event(self, ti: TaskInstance, event: AssetEvent) -> None:
        """A task emitted an asset event."""
        self._write(
            ti.run,
            "asset-event",
            task_id=ti.task_id,
            map_index=ti.map_index,
            asset=event.name,
            uri=event.uri,
            extra=masked(event.extra),
        )

    def services(self, uses: Iterable[ServiceUse]) -> None:
        """What became of each service: the last of a ledger, since some of it is only seen at the end."""
        if not self._silent:
            for use in uses:
                self.journal.write({"at": self._now(), "kind": "service", **masked(use.to_json())})

    def contents(self, leases: Leases | None) -> None:
        """What the services hold: rows and objects, kept beside the journal."""
        if self._silent or leases is None:
            return
        for conn_id, service, parts in leases.held():
            for record in keep(self.journal, conn_id, service, parts, masked):
                self.journal.write({"at": self._now(), **record})

    def log(self, who: TaskContext, level: str, text: str, error: BaseException | None) -> None:
        """A line of a task's log; the sink of `harness.bridge.supervisor.capture`.

        What a worker would say after its death is nobody's: Airflow's runner catches the exception by which our process
        ends, where production's is gone.
        """
        if who.lost or isinstance(error, ProcessKilled):
            return
        who.raised = who.raised if error is None else error
        target = who.log if who.log is not None else history(who.ti).log
        target.add(level, text if error is None else f"{text}\n{type(error).__name__}: {error}")

    def callback_failed(
        self, run: DagRun, error: BaseException, task_id: str | None, name: str, fix: str = REPORTED_TO_NOBODY
    ) -> None:
        """A callback raised: Airflow logs that and goes on; here it is a finding."""
        from harness.bridge.explain import explain

        explained = explain(error, None)
        path, _, line = (explained.where or "").rpartition(":")
        message = f"{name} raised {explained.kind}: {explained.message}"
        at_line = int(line) if line else None
        dag_id, file = run.dag.dag_id, path or str(facts(run).dag.fileloc)
        self.finding(run, Finding("callback", "error", message, file, at_line, dag_id, task_id, fix))

    def lost_write(self, who: TaskContext, lost: LostWrite) -> None:
        """A task wrote into a copy, which changed nothing: a finding, once for each line of its code."""
        run, task_id = who.ti.run, who.ti.task_id
        key = (run.dag.dag_id, task_id, f"{lost.path}:{lost.line}")
        if key in self.reported:
            return
        self.reported.add(key)
        lives = "is lost" if lost.severity == "error" else "may be lost"
        message = f"task {task_id!r} writes into a copy of its data, which {lives}: pandas' {lost.kind}"
        fix = "write in one step: table[column] = table[column].fillna(…), table.loc[rows, column] = value"
        found = Finding("lost-write", lost.severity, message, lost.path, lost.line, run.dag.dag_id, task_id, fix)
        self.finding(run, found)

    def happened(self, event: WorldEventResult) -> None:
        """Something happened around the Dags."""
        self.world_events.append(event)
        if not self._silent:
            told = {"happened": event.kind, "what": event.what}
            self.journal.write({"at": self._now(), "kind": "world-event", **told})

    def finding(self, run: DagRun, finding: Finding) -> None:
        """Something was found about a run."""
        self.findings.setdefault(run, []).append(finding)
        self._write(run, "finding", **_found(finding))

    def around(self, findings: Iterable[Finding]) -> None:
        """What was found of Dags and of the world, not of a run."""
        if not self._silent:
            for finding in findings:
                self.journal.write({"at": self._now(), "kind": "finding", "dag_id": finding.dag_id, **_found(finding)})

    def deadline(self, run: DagRun, deadline: Deadline, what: str, **fields: Any) -> None:
        """A deadline was ``created``, ``moved``, ``met`` or ``missed``, or its ``callback`` went on."""
        alert = {"place": deadline.alert.place, "name": deadline.alert.name}
        self._write(run, f"deadline-{what}", **alert, due=_iso(deadline.due), **fields)

    def _left_out(self, run: DagRun) -> None:
        """A run without some of its tasks is a finding, once for each Dag and the same tasks."""
        finding = left_out(run)
        key = ("", "", "") if finding is None else (finding.check, run.dag.dag_id, f"{len(run.task_instances)}")
        if finding is not None and key not in self.reported:
            self.reported.add(key)
            self.finding(run, finding)

    def _pushed(self, run: DagRun, task_id: str, key: str, value: Any, stored: Any) -> None:
        """An XCom that does not do well in a database is a finding, once for each task and key."""
        problem = None if self._xcom_bytes is None else trouble(value, stored, self._xcom_bytes)
        if problem is None or (run.dag.dag_id, task_id, key) in self.reported:
            return
        self.reported.add((run.dag.dag_id, task_id, key))
        finding = Finding(
            check="xcom-size",
            severity="warning",
            message=f"XCom {key!r} of task {task_id!r} {problem.reason}",
            path=str(facts(run).dag.fileloc),
            dag_id=run.dag.dag_id,
            task_id=task_id,
            fix=problem.fix,
        )
        self.finding(run, finding)

    def _tell_dag(self, run: DagRun) -> None:
        """What the scheduler knows of a Dag, before its first run."""
        if self._silent or run.dag.dag_id in self._dags_told:
            return
        self._dags_told.add(run.dag.dag_id)
        told = [
            {
                "task_id": task.task_id,
                "operator": task.operator,
                "downstream": sorted(task.downstream),
                "trigger_rule": task.trigger_rule,
                "retries": task.retries,
                "pool": task.pool,
                "pool_slots": task.pool_slots,
                "queue": task.queue,
                "executor": task.executor,
                "max_active_tasks": run.dag.max_active_tasks,
                "max_active_tis_per_dag": task.max_active_tis_per_dag,
                "max_active_tis_per_dagrun": task.max_active_tis_per_dagrun,
            }
            for task in run.dag.tasks.values()
        ]
        self.journal.write({"at": self._now(), "kind": "dag", "dag_id": run.dag.dag_id, "tasks": told})

    def _of(self, ti: TaskInstance, kind: str, **fields: Any) -> None:
        at = {"task_id": ti.task_id, "map_index": ti.map_index, "try_number": ti.try_number}
        self._write(ti.run, kind, **at, **fields)

    def _write(self, run: DagRun, kind: str, **fields: Any) -> None:
        if not self._silent:
            self.journal.write(
                {"at": self._now(), "kind": kind, "dag_id": run.dag.dag_id, "run_id": run.run_id, **fields}
            )

    def _now(self) -> str | None:
        """The present instant, written once for all that happens at it; None before the simulation begins."""
        if self.simulation is None:
            return None
        now = self.simulation.now
        if self._present[0] != now:
            self._present = (now, iso(now))
        return self._present[1]

    def _text(self, at: Instant) -> str:
        """An instant, which mostly is the present one."""
        return self._present[1] if self._present[0] == at else iso(at)


def _consumed(run: DagRun) -> dict[str, Any]:
    """The asset events of which a run was made; a field of its record where there are any."""
    events = facts(run).consumed
    told = [
        {
            "asset": event.name,
            "uri": event.uri,
            "extra": masked(event.extra),
            "at": iso(event.at),
            "dag_id": event.dag_id,
            "run_id": event.run_id,
            "task_id": event.task_id,
            "map_index": event.map_index,
        }
        for event in events
    ]
    return {"consumed": told} if told else {}


def _by_task(refused: tuple[str, RefusedConnection]) -> tuple[Any, ...]:
    return refused[0], *refused[1].order


def _refused(task_id: str, refusal: RefusedConnection, run: DagRun | None = None) -> Finding:
    """A task was not let out: an error also where it went on without, for what it did then is not what it would do."""
    who = f"task {task_id!r}" if task_id else "code that no task runs"
    doing = f"asks {refusal.request}" if refusal.request else f"connects to {refusal.peer}"
    of = f"the cassette {refusal.cassette}" if refusal.request else "the world"
    message = f"{who} {doing}, which is not in {of}: refused"
    path = refusal.path or (None if run is None else str(facts(run).dag.fileloc))
    dag_id = None if run is None else run.dag.dag_id
    return Finding("network", "error", message, path, refusal.line or None, dag_id, task_id or None, refusal.fix)


def _found(finding: Finding) -> dict[str, Any]:
    """A finding without its file: a folder of this machine has no place in a ledger."""
    return {
        "check": finding.check,
        "severity": finding.severity,
        "task_id": finding.task_id,
        "line": finding.line,
        "message": masked(finding.message),
        "fix": masked(finding.fix),
    }


def _failure(error: Explanation) -> dict[str, Any]:
    """An error of user code; of its place the file's name and the line."""
    where = None if error.where is None else error.where.rpartition("/")[2]
    return {"type": error.kind, "message": masked(error.message), "where": where, "hint": masked(error.hint)}


def _iso(at: Instant | None) -> str | None:
    return None if at is None else iso(at)
