"""The simulator agrees with Airflow on Dags that Hypothesis makes up; a disagreement is shrunk and printed as files.

Few here, many in ``python -m tests.differential``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from tests.differential.agree import disagreements, drawn, smallest, told
from tests.differential.canaries import CANARIES
from tests.differential.case import Act, Case, DagCase, TaskCase
from tests.differential.generate.cases import cases_run_level, cases_scheduler_level
from tests.differential.oracle.client import Oracle

FEW = settings(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with Oracle() as one:
        yield one


@settings(FEW, max_examples=12)
@given(case=cases_run_level())
def test_runs_end_as_dag_test_ends_them(oracle: Oracle, case: Case) -> None:
    found = disagreements("run", case, oracle)
    assert not found, told("run", case, found)


@settings(FEW, max_examples=4)
@given(case=cases_scheduler_level())
def test_schedules_go_as_the_scheduler_has_them_go(oracle: Oracle, case: Case) -> None:
    found = disagreements("scheduler", case, oracle)
    assert not found, told("scheduler", case, found)


def test_a_wrong_rule_is_found_and_told_as_the_smallest_dag_file(oracle: Oracle) -> None:
    canary = next(one for one in CANARIES if one.family == "retries")
    with canary.planted():
        case = next(case for n in range(50) if disagreements("run", case := drawn("run", 3, n), oracle))
        case = smallest(case, lambda other: bool(disagreements("run", other, oracle)))
        found = disagreements("run", case, oracle)
    assert sum(len(dag.tasks) for dag in case.dags) == 1
    text = told("run", case, found)
    assert "task ('t" in text
    assert "retries=" in text
    compile(text[text.index("# d0.py") :], "d0.py", "exec")


def test_the_smallest_case_keeps_what_matters() -> None:
    tasks = tuple(TaskCase(f"t{n}", upstream=(f"t{n - 1}",) if n else (), acts=(Act(duration_s=60),)) for n in range(5))
    case = Case((DagCase("d0", tasks), DagCase("d1", tasks[:1])), "2025-01-01", "2025-01-02")
    found = smallest(case, lambda other: any(task.task_id == "t3" for dag in other.dags for task in dag.tasks))
    (dag,) = found.dags
    assert [task.task_id for task in dag.tasks] == ["t3"]
    assert dag.tasks[0] == TaskCase("t3")
