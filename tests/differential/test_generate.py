"""Generated cases are Dags that Airflow accepts, the same ones for the same seed, with everything in them somewhere."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import Phase, find, given, settings

from harness.bridge.loader import Folder, load_file
from tests.differential.case import Case
from tests.differential.coverage_of import RUN_LEVEL, SCHEDULER_LEVEL
from tests.differential.generate.assemble import effective_upstreams
from tests.differential.generate.cases import TRIGGER_RULES, cases_run_level, cases_scheduler_level, seeded
from tests.differential.render.files import render, render_dag

LEVELS = {"run": cases_run_level(), "scheduler": cases_scheduler_level()}
CASES, LOADED = 300, 150


@pytest.fixture(scope="module")
def cases() -> dict[str, list[Case]]:
    """Some of each level."""
    return {level: list(seeded(strategy, 1, CASES)) for level, strategy in LEVELS.items()}


def loaded(case: Case, folder: Path):
    render(case, folder)
    found = Folder()
    for dag in case.dags:
        load_file(folder / f"{dag.dag_id}.py", folder, found)
    assert found.failures == [], found.failures[0].traceback + found.failures[0].path.read_text()
    return found.dags


def serialised(dag):
    from airflow.serialization import serialized_objects

    kind = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
    return kind.from_dict(kind.to_dict(dag))


@pytest.mark.parametrize("level", LEVELS)
def test_every_case_loads_and_serialises_with_the_arrows_of_the_case(cases, level, tmp_path):
    for number, case in enumerate(cases[level][:LOADED]):
        dags = loaded(case, tmp_path / str(number))
        assert list(dags) == [dag.dag_id for dag in case.dags]
        for dag in case.dags:
            expected = effective_upstreams(list(dag.tasks), dag.groups)
            assert {task.task_id: task.upstream_task_ids for task in dags[dag.dag_id].tasks} == expected
            assert set(serialised(dags[dag.dag_id]).task_ids) == set(expected)


@pytest.mark.parametrize("level", LEVELS)
def test_cases_make_sense(cases, level):
    for case in cases[level]:
        dates = Counter((run.dag_id, run.at) for run in case.manual_runs)
        assert max(dates.values(), default=1) == 1
        offered: set[str] = set()
        for dag in case.dags:
            assert set(dag.assets) <= offered, "assets come from Dags before it, so that none triggers itself"
            upstreams = effective_upstreams(list(dag.tasks), dag.groups)
            by_id = {task.task_id: task for task in dag.tasks}
            for task in dag.tasks:
                assert task.pool == "default_pool" or task.pool in case.pools
                for act in (*task.acts, *(act for acts in task.acts_of.values() for act in acts)):
                    assert all(task.task_id in by_id[followed].upstream for followed in act.follows or ())
            sources = {node.mapped_over for node in (*dag.tasks, *dag.groups) if isinstance(node.mapped_over, str)}
            assert all(act.returns is not None for s in sources for act in by_id[s].acts if act.state == "success")
            assert all(list(upstreams).index(up) < n for n, ups in enumerate(upstreams.values()) for up in ups)
            offered |= {name for task in dag.tasks for name in task.outlets}


@pytest.mark.parametrize(("level", "features"), [("run", RUN_LEVEL), ("scheduler", SCHEDULER_LEVEL)])
def test_every_feature_is_met_a_few_times(cases, level, features):
    met = {name: sum(is_met(case) for case in cases[level]) for name, is_met in features.items()}
    assert {name: times for name, times in met.items() if times < 3} == {}


def test_trigger_rules_are_all_of_airflows():
    from airflow.task.trigger_rule import TriggerRule

    assert set(TRIGGER_RULES) == {rule.value for rule in TriggerRule}
    assert len(TRIGGER_RULES) == len(set(TRIGGER_RULES))


PRINT_DIGEST = """
import hashlib
from tests.differential.generate.cases import cases_run_level, cases_scheduler_level, seeded
drawn = [*seeded(cases_run_level(), 7, 10), *seeded(cases_scheduler_level(), 7, 10)]
print(hashlib.sha256(repr(drawn).encode()).hexdigest())
"""


def test_a_seed_gives_the_same_cases_in_every_process():
    root = Path(__file__).parents[2]
    digests = {
        subprocess.run(
            [sys.executable, "-c", preparation + PRINT_DIGEST],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed, preparation in (("0", ""), ("1", "import tests.differential.test_generate"))
    }
    assert len(digests) == 1


def test_a_stream_can_be_taken_up_again_and_differs_by_seed():
    strategy = LEVELS["run"]
    assert list(seeded(strategy, 3, 6))[4:] == list(seeded(strategy, 3, 2, first=4))
    assert list(seeded(strategy, 3, 6)) != list(seeded(strategy, 4, 6))


@pytest.mark.parametrize("level", LEVELS)
def test_hypothesis_draws_them_without_complaint(level):
    drawn = []

    @settings(max_examples=30, database=None, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(LEVELS[level])
    def draw(case):
        drawn.append(render_dag(case.dags[0]))

    draw()
    assert len(drawn) == 30, "none is rejected"


def test_cases_shrink_to_next_to_nothing():
    quick = settings(max_examples=1000, database=None, deadline=None, derandomize=True)
    smallest = find(LEVELS["run"], RUN_LEVEL["mapped over an upstream"], settings=quick).dags[0]
    assert len(smallest.tasks) == 2, render_dag(smallest)
    assert {task.trigger_rule for task in smallest.tasks} == {"all_success"}
    assert {(act.state, act.duration_s) for task in smallest.tasks for act in task.acts} == {("success", 0)}
