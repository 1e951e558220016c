"""Plays a run by the scheduler's rules with outcomes that were chosen, in place of task code.

Tasks take no time: what is ready together runs together, in the order of the queue, and only then does the scheduler
look again. Retries are one outcome. Pools and the executor are never full; the Dag's own limits hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from harness.exploration.outcomes import Choices, Decider, Outcome, Part, Scenario, mapped_over
from harness.kernel.instant import BEGINNING
from harness.scheduler.decide import Decision, step
from harness.scheduler.dependencies.skips import skip_downstream
from harness.scheduler.mapping import create_instances
from harness.scheduler.model import FAILED, QUEUED, RUNNING, SCHEDULED, SUCCESS, Dag, DagRun, Task, TaskInstance
from harness.scheduler.queueing import MAX_TIS_PER_QUERY, Candidates, Limits, PoolSlots, admit_once, occupancy_of
from harness.scheduler.transitions import fail_fast, schedule
from harness.scheduler.wiring import flat_downstream

_NO_LIMIT = 1_000_000


class Player:
    """Plays one Dag.

    Args:
        choices: of every task that runs; `play` takes the first where it is told no other.
        deciders: which tasks decide for others, and how.
    """

    def __init__(self, dag: Dag, choices: Choices, deciders: Mapping[str, Decider]) -> None:
        self.dag, self.choices, self.deciders = dag, choices, deciders
        self._limits = Limits(_NO_LIMIT, {name: PoolSlots(name, -1) for name in {t.pool for t in dag.tasks.values()}})
        self._mapped_over = mapped_over(dag)
        self._order = {task_id: (-task.priority_weight, n) for n, (task_id, task) in enumerate(dag.tasks.items())}
        limited = any(
            t.max_active_tis_per_dag is not None or t.max_active_tis_per_dagrun is not None for t in dag.tasks.values()
        )
        self._at_once = 0 if limited else min(dag.max_active_tasks, MAX_TIS_PER_QUERY)

    def only(self, task_ids: Collection[str]) -> Player:
        """The player of a part of the Dag; exact for tasks of which everything is in it that they look at."""
        kept = {
            task_id: replace(
                task,
                upstream=tuple(name for name in task.upstream if name in task_ids),
                downstream=tuple(name for name in task.downstream if name in task_ids),
            )
            for task_id, task in self.dag.tasks.items()
            if task_id in task_ids
        }
        choices = {task_id: every for task_id, every in self.choices.items() if task_id in kept}
        return Player(replace(self.dag, tasks=kept), choices, self.deciders)

    def play(self, chosen: Mapping[Part, Outcome]) -> Scenario:
        """Play a run to its end.

        Args:
            chosen: outcomes other than the usual ones; those of tasks that do not run are not looked at.
        """
        run = DagRun(self.dag, "explored", "manual", None, None, None, BEGINNING, state="running", start=BEGINNING)
        create_instances(run)
        trace: dict[Part, Outcome] = {}
        waiting: list[TaskInstance] = []
        while True:
            queued, ended = self._settle(run, waiting)
            if ended is not None or not queued:
                return _scenario(run, trace, ended)
            for ti in queued:
                if ti.state == QUEUED:  # else one that ran before it decided otherwise
                    self._work(ti, chosen, trace)

    def _settle(self, run: DagRun, waiting: list[TaskInstance]) -> tuple[list[TaskInstance], Decision | None]:
        """Loops of the scheduler until one changes nothing: what they queued, and the decision that ended the run."""
        queued: list[TaskInstance] = []
        again = True
        while True:
            looked = again
            if looked:
                decision = step(run, BEGINNING)
                waiting += [ti for ti in decision.ready if schedule(ti, BEGINNING) and ti.state == SCHEDULED]
                again = decision.again
                if decision.outcome is not None:
                    return queued, decision
            admitted = self._admitted(run, waiting, len(queued))
            for ti in admitted:
                ti.state = QUEUED
            queued += admitted
            if not admitted and not looked:
                return queued, None

    def _admitted(self, run: DagRun, waiting: list[TaskInstance], taken: int) -> list[TaskInstance]:
        scheduled = [ti for ti in waiting if ti.state == SCHEDULED]
        if not scheduled:
            waiting.clear()
        elif len(scheduled) + taken > self._at_once:
            return admit_once(Candidates(scheduled), occupancy_of((run,)), self._limits)
        return sorted(scheduled, key=self._place)

    def _place(self, ti: TaskInstance) -> tuple[int, int, int]:
        weight, position = self._order[ti.task_id]
        return weight, ti.map_index, position

    def _work(self, ti: TaskInstance, chosen: Mapping[Part, Outcome], trace: dict[Part, Outcome]) -> None:
        """A worker's turn: the outcome takes effect."""
        part = Part.of(ti.task_id, ti.map_index)
        outcome = trace[part] = chosen.get(part) or self.choices[ti.task_id][0]
        ti.state, ti.start = RUNNING, BEGINNING
        if outcome.state == SUCCESS:
            self._succeed(ti, outcome)
        ti.state, ti.end = outcome.state, BEGINNING
        if outcome.state == FAILED and self.dag.fail_fast:
            fail_fast(ti.run, ti, BEGINNING)

    def _succeed(self, ti: TaskInstance, outcome: Outcome) -> None:
        run, task = ti.run, ti.task
        run.returned.setdefault(task.task_id, set()).add(ti.map_index)
        if task.task_id in self._mapped_over:
            run.lengths[task.task_id] = outcome.length if outcome.length is not None else len(outcome.followed or ())
        if outcome.followed is not None:
            self._branch(ti, outcome.followed)
        elif outcome.proceeds is False:
            skips = self.deciders[task.task_id].skips or ()
            self._skip(ti, {"skipped": list(skips)}, skips)

    def _branch(self, ti: TaskInstance, followed: Iterable[str]) -> None:
        """Source: airflow/sdk/bases/skipmixin.py `skip_all_except` (3.3.2)."""
        task: Task = ti.task
        kept = set(followed)
        for task_id in kept & self.dag.tasks.keys():
            kept |= flat_downstream(self.dag, task_id)
        goes_on = [task_id for task_id in task.downstream if task_id in kept]
        self._skip(ti, {"followed": goes_on}, [task_id for task_id in task.downstream if task_id not in kept])

    def _skip(self, ti: TaskInstance, decided: Mapping[str, list[str]], skips: Iterable[str]) -> None:
        """Instances of a mapped task only leave their decision behind, for when the others are looked at."""
        if ti.task.downstream:
            ti.run.skipmixin[ti.key] = decided
            if ti.map_index < 0:
                skip_downstream(ti.run, skips, BEGINNING, ti.task_id)


def _scenario(run: DagRun, trace: Mapping[Part, Outcome], ended: Decision | None) -> Scenario:
    instances = list(run.task_instances.values())
    return Scenario(
        choices=tuple(trace.items()),
        states={ti.name: ti.state for ti in instances},
        reasons={ti.name: ti.reason for ti in instances if ti.reason},
        ran=frozenset(part.task_id for part in trace) | {ti.task_id for ti in instances if _went_through(ti)},
        run_state=None if ended is None else ended.outcome,
        run_reason=None if ended is None else ended.reason,
    )


def _went_through(ti: TaskInstance) -> bool:
    """An empty task is not run: Airflow sets it to success, which is as good."""
    return ti.task.short_circuits and ti.state == SUCCESS
