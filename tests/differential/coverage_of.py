"""Features of cases by name, to see that the generator makes them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.differential.case import Act, Case, DagCase, PoolCase, TaskCase
from tests.differential.generate.raw import TRIGGER_RULES
from tests.differential.render.play import all_acts

Feature = Callable[[Case], bool]


def _task(fits: Callable[[TaskCase], object]) -> Feature:
    return lambda case: any(fits(task) for dag in case.dags for task in dag.tasks)


def _act(fits: Callable[[Act], object]) -> Feature:
    return _task(lambda task: any(fits(act) for act in all_acts(task)))


def _dag(fits: Callable[[DagCase], object]) -> Feature:
    return lambda case: any(fits(dag) for dag in case.dags)


def _pool(fits: Callable[[PoolCase], object]) -> Feature:
    return lambda case: any(fits(pool) for pool in case.pools.values())


def _mapped_groups(dag: DagCase) -> set[str]:
    return {group.group_id for group in dag.groups if group.mapped_over is not None}


def _in_mapped_group(dag: DagCase) -> Iterable[TaskCase]:
    groups = _mapped_groups(dag)
    return [task for task in dag.tasks if any(f"{task.group}.".startswith(f"{group}.") for group in groups)]


def _leaves_one_out(case: Case) -> bool:
    return any(
        act.follows is not None and set(act.follows) < {t.task_id for t in dag.tasks if task.task_id in t.upstream}
        for dag in case.dags
        for task in dag.tasks
        if task.kind == "branch"
        for act in task.acts
    )


RUN_LEVEL: dict[str, Feature] = {
    **{rule: _task(lambda task, rule=rule: task.trigger_rule == rule) for rule in TRIGGER_RULES},
    **{
        kind: _task(lambda t, kind=kind: t.kind == kind) for kind in ("empty", "branch", "short_circuit", "latest_only")
    },
    **{state: _act(lambda act, state=state: act.state == state) for state in ("failed", "fail", "skipped")},
    "branch that leaves one out": _leaves_one_out,
    "short circuit that cuts": _task(lambda t: t.kind == "short_circuit" and any(a.follows == () for a in t.acts)),
    "short circuit that heeds rules": _task(lambda task: not task.ignore_downstream_trigger_rules),
    "retry that succeeds": _task(lambda t: t.retries and t.acts[0].state == "failed" and t.acts[-1].state == "success"),
    "deferral": _act(lambda act: act.deferred_s is not None),
    "reschedules": _act(lambda act: len(act.reschedules_s) > 1),
    "both": _act(lambda act: act.reschedules_s and act.deferred_s is not None),
    "mapped over a literal": _task(lambda task: isinstance(task.mapped_over, int) and task.mapped_over),
    "mapped over nothing": _task(lambda task: task.mapped_over == 0),
    "mapped over an upstream": _task(lambda task: isinstance(task.mapped_over, str)),
    "empty list": _act(lambda act: act.returns == 0),
    "instances of their own": _task(lambda task: task.acts_of),
    "mapped group": _dag(_mapped_groups),
    "group mapped over an upstream": _dag(lambda dag: any(isinstance(group.mapped_over, str) for group in dag.groups)),
    "group mapped over nothing": _dag(lambda dag: any(group.mapped_over == 0 for group in dag.groups)),
    "group inside a mapped one": _dag(lambda dag: any("." in task.group[1:] for task in _in_mapped_group(dag))),
    "choice in a mapped group": _dag(lambda d: any(t.kind in ("branch", "short_circuit") for t in _in_mapped_group(d))),
    "nested group": _task(lambda task: task.group == "g.h"),
    "setup": _task(lambda task: task.is_setup),
    "teardown of a setup": _task(lambda task: task.is_teardown and task.teardown_of),
    "teardown without": _task(lambda task: task.is_teardown and not task.teardown_of),
    "teardown that counts": _task(lambda task: task.on_failure_fail_dagrun),
    "many tasks": lambda case: len(case.dags[0].tasks) >= 10,
    "one task": lambda case: len(case.dags[0].tasks) == 1,
}

SCHEDULER_LEVEL: dict[str, Feature] = {
    "three Dags": lambda case: len(case.dags) == 3,
    "catch-up": _dag(lambda dag: dag.catchup and dag.schedule is not None),
    "no catch-up": _dag(lambda dag: not dag.catchup),
    **{f"schedule {kind}": _dag(lambda d, kind=kind: (d.schedule or "").startswith(kind)) for kind in ("@", "every:")},
    "cron": _dag(lambda dag: "*" in (dag.schedule or "")),
    "end date": _dag(lambda dag: dag.end_date),
    "paused": _dag(lambda dag: dag.is_paused),
    "fail fast": _dag(lambda dag: dag.fail_fast),
    "run timeout": _dag(lambda dag: dag.dagrun_timeout_s),
    "consecutive failures": _dag(lambda dag: dag.max_consecutive_failed_dag_runs),
    **{f"{n} active runs": _dag(lambda dag, n=n: dag.max_active_runs == n) for n in (1, 2, 3)},
    "active tasks": _dag(lambda dag: dag.max_active_tasks < 3),
    "one asset": _dag(lambda dag: len(dag.assets) == 1),
    "all assets": _dag(lambda dag: len(dag.assets) > 1 and not dag.assets_any),
    "any asset": _dag(lambda dag: len(dag.assets) > 1 and dag.assets_any),
    "manual run": lambda case: bool(case.manual_runs),
    "only manual runs": _dag(lambda dag: dag.schedule is None and not dag.assets),
    "parallelism": lambda case: case.parallelism < 4,
    "two executors": lambda case: len(case.executors) == 2,
    "an executor named": _task(lambda task: task.executor == "side"),
    "a queue that nobody serves": _task(lambda task: task.queue == "nobody"),
    "an executor by its path": _task(lambda task: task.executor == "oracle.side.Executor"),
    **{
        f"deadline {kind}": _dag(lambda dag, kind=kind: any(one.reference == kind for one in dag.deadlines))
        for kind in ("queued_at", "logical_date", "fixed")
    },
    "two deadlines": _dag(lambda dag: len(dag.deadlines) == 2),
    "pool": _task(lambda task: task.pool != "default_pool"),
    "pool of one": _pool(lambda pool: pool.slots == 1),
    "pool without limit": _pool(lambda pool: pool.slots == -1),
    "pool that counts deferred": _pool(lambda pool: pool.include_deferred),
    "two slots": _task(lambda task: task.pool_slots == 2 and task.pool != "default_pool"),
    "past": _task(lambda task: task.depends_on_past),
    "past, the first too": _task(lambda task: task.depends_on_past and not task.ignore_first_depends_on_past),
    "downstream of the past": _task(lambda task: task.wait_for_downstream),
    "one per Dag": _task(lambda task: task.max_active_tis_per_dag == 1),
    "one per run": _task(lambda task: task.max_active_tis_per_dagrun == 1 and task.mapped_over is not None),
    "priority": _task(lambda task: task.priority_weight > 1),
    **{f"weight {rule}": _task(lambda task, rule=rule: task.weight_rule == rule) for rule in ("upstream", "absolute")},
    "back-off": _task(lambda task: task.retries and task.retry_exponential_backoff),
    "back-off with a limit": _task(lambda t: t.retries and t.retry_exponential_backoff and t.max_retry_delay_s),
    **{
        name: RUN_LEVEL[name]
        for name in (
            "failed",
            "fail",
            "skipped",
            "branch",
            "deferral",
            "reschedules",
            "mapped over an upstream",
            "mapped group",
            "setup",
            "all_done",
        )
    },
}
