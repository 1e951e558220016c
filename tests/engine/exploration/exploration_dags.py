"""Dags of any shape whose tasks do what the run's conf tells them."""

import random
from datetime import datetime, timezone

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task, task_group

from harness.bridge.versions.names import task_exception
from harness.exploration.outcomes import Part

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
RULES = ["all_success", "all_failed", "all_done", "all_done_min_one_success", "one_success", "one_failed", "one_done"]
RULES += ["none_failed", "none_failed_min_one_success", "none_skipped", "all_skipped"]
KINDS = {"plain": 6, "branch": 2, "short": 1, "direct": 1, "mapped": 2, "empty": 1, "setup": 1, "group": 1}


def obey(ti=None, dag_run=None):
    """The body of every task: do what was told, by part of the Dag."""
    told = dag_run.conf["outcomes"][Part.of(ti.task_id, ti.map_index).name]
    if told in ("failed", "skipped"):
        raise task_exception("AirflowFailException" if told == "failed" else "AirflowSkipException")("told")
    return list(range(told)) if isinstance(told, int) and not isinstance(told, bool) else told


def obey_over(item, ti=None, dag_run=None):
    """The same, mapped."""
    return obey(ti, dag_run)


def shape(seed: int) -> DAG:
    """A Dag of three to eight tasks or groups, another for each seed."""
    chance = random.Random(seed)
    fail_fast = chance.random() < 0.15
    with DAG(
        f"shape_{seed}",
        schedule=None,
        start_date=START,
        fail_fast=fail_fast,
        max_active_tasks=chance.choice([1, 2, 16, 16]),
    ) as dag:
        nodes = []
        for n, kind in enumerate(chance.choices(list(KINDS), list(KINDS.values()), k=chance.randint(3, 8))):
            upstream = [node for node in nodes if chance.random() < 0.45][-3:]
            rule = "all_success" if fail_fast or chance.random() < 0.5 else chance.choice([*RULES, "always"])
            made = _made(chance, f"t{n}", kind, rule, [node for node in upstream if _returns(node)])
            for node in upstream:
                node >> made
            nodes.append(made)
        if chance.random() < 0.4:
            _tear_down(chance, nodes)
    return dag


def _made(chance, name, kind, rule, sources):
    options = {"task_id": name, "priority_weight": chance.choice([1, 1, 5])}
    if kind == "setup":
        return task(**options)(obey)().as_setup()
    if kind in ("mapped", "group"):
        over = chance.choice(sources) if sources and chance.random() < 0.7 else [0] * chance.randint(1, 3)
        rule = rule.replace("always", "all_done")  # which Airflow refuses there
        if kind == "mapped":
            return task(**options, trigger_rule=rule)(obey_over).expand(item=over)
        return _group(name, rule).expand(item=over)
    options["trigger_rule"] = rule
    if kind == "empty":
        return EmptyOperator(**options)
    if kind == "branch":
        return task.branch(**options)(_chooses)()
    if kind in ("short", "direct"):
        return task.short_circuit(**options, ignore_downstream_trigger_rules=kind == "short")(obey)()
    return task(**options)(obey)()


def _chooses(ti=None, dag_run=None):
    return obey(ti, dag_run)


def _group(name, rule):
    @task_group(group_id=name)
    def both(item):
        task(task_id="a")(obey_over)(item) >> task(task_id="b", trigger_rule=rule)(obey)()

    return both


def _returns(node):
    """Whether something can be mapped over it."""
    made = getattr(node, "operator", None)
    return made is not None and not (made.is_setup or made.inherits_from_skipmixin or made.is_mapped)


def _tear_down(chance, nodes):
    setups = [node for node in nodes if getattr(getattr(node, "operator", None), "is_setup", False)]
    down = task(task_id="down")(obey)()
    options = {"setups": setups} if setups else {}
    down = down.as_teardown(on_failure_fail_dagrun=chance.random() < 0.5, **options)
    for node in chance.sample(nodes, 2):
        node >> down
