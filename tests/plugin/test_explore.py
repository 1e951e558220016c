"""The ``explore`` fixture, what is imported for it, and how a question that fails is shown."""

from __future__ import annotations

import subprocess
import sys

TESTS = """
import pytest

from harness.errors import DagNotFound, UsageError


def test_by_id_and_by_object(explore, dag_bag):
    found = explore("sales")
    assert found.dag_id == "sales"
    assert found.exhaustive
    assert found.scenarios == explore(dag_bag["sales"]).scenarios
    assert found.runs_always("extract")
    assert found.always("report", "success", when={"total": "success", "at": "success", "report": "success"})


def test_options(explore):
    only = explore("sales", outcomes={"*": ["success"], "extract": [1]})
    assert (len(only.scenarios), only.exhaustive) == (1, True)
    assert not explore("sales", limit=5).exhaustive
    assert len(explore("sales", limit=5, seed=1).scenarios) > 5


def test_errors(explore):
    with pytest.raises(DagNotFound, match="did you mean 'sales'"):
        explore("sale")
    with pytest.raises(UsageError, match="limit=0"):
        explore("sales", limit=0)


def test_that_fails(explore):
    assert explore("sales").runs_always("report")
"""


def test_explore(project):
    project.write(test_it=TESTS)
    result = project.pytest()
    result.assert_outcomes(passed=3, failed=1)
    output = result.stdout.str()
    assert "assert report is skipped when: extract=0 items" in output
    assert "<exploration of sales: all " in output


def test_without_a_dag_folder(bare):
    bare.write(
        test_it="def test_it(explore):\n    explore('sales')\n"
        "def test_made_here(explore):\n    from airflow.sdk import DAG\n    assert explore(DAG('empty')).runs == 1\n"
    )
    result = bare.pytest()
    result.assert_outcomes(passed=1, failed=1)
    assert "this project names no Dag folder" in result.stdout.str()


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip()


def test_importing_the_package_imports_neither_airflow_nor_hypothesis():
    code = "import sys, harness\nprint(sorted({'airflow', 'hypothesis', 'harness.simulation'} & set(sys.modules)))"
    assert python(code) == "[]"
    assert python("from harness import explore, play; print(explore.__name__, play.__name__)") == "explore play"


def test_what_the_package_does_not_have():
    code = "import harness\ntry: harness.exploer\nexcept AttributeError as error: print(error)"
    assert python(code) == "module 'harness' has no attribute 'exploer'"


def test_strategies_without_hypothesis_say_what_to_install():
    code = (
        "import sys\nclass No:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.split('.')[0] == 'hypothesis': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        "try: import harness.strategies\nexcept ImportError as error: print(type(error).__name__, error)"
    )
    told = python(code)
    assert told.startswith("PackageMissing package-missing: harness.strategies needs Hypothesis")
    assert "pip install 'airflow-harness[hypothesis]'" in told
