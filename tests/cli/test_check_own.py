"""Users' own checks: from the project's conftest.py, and from a package."""

import pytest

pytestmark = pytest.mark.gate

DAG = """
from airflow.sdk import DAG, task

with DAG("sales", schedule=None, tags=["team:nobody"]):

    @task
    def load(): ...

    load()
"""
CONFTEST = """
import pytest

import harness
from teams import TEAMS


@pytest.fixture
def something():
    return 1


@harness.check("team-owner", severity="warning")
def team_owner(look):
    \"\"\"A Dag of no team.

    Nobody is called at night.
    \"\"\"
    owners = {tag.partition(":")[2] for tag in look.dag.tags if tag.startswith("team:")}
    if not owners & TEAMS:
        yield harness.Problem(f"Dag {look.dag_id!r} belongs to {sorted(owners)}", fix="tag it team:sales")


@harness.check("short-file", level="file", severity="off")
def short_file(file):
    if len(file.source.splitlines()) > 5:
        return [f"{len(file.source.splitlines())} lines"]
"""
RAISING = "\n\n@harness.check('wrong')\ndef wrong(look):\n    return look.nothing_of_the_kind\n"


@pytest.fixture(scope="module")
def own(project):
    project.write("pyproject.toml", '[tool.airflow-harness]\nchecks = { unstable-dag = "off" }\n')
    project.write("fixtures/world.yaml", "")
    project.write("dags/sales.py", DAG)
    return project


def test_a_function_of_conftest_is_a_check(own):
    own.write("teams.py", "TEAMS = {'sales'}\n")
    own.write("conftest.py", CONFTEST)
    answer = own("check", "--select", "own,cycle")
    assert "team-owner: Dag 'sales' belongs to ['nobody']  (warning)\n" in answer.out, answer.err
    assert "  where   dags/sales.py:4  dag_id=sales\n  fix     tag it team:sales\n" in answer.out
    assert "short-file: 9 lines\n" in answer.out
    assert answer.code == 1
    again = own("check", "--select", "own,cycle", "--ignore", "short-file")
    assert again.code == 0
    listed = {line.split()[0]: line.split()[1:3] for line in own("check", "--list").out.splitlines()}
    assert (listed["team-owner"], listed["short-file"]) == (["warning", "own"], ["off", "own"])
    assert "Nobody is called at night." in own("check", "--explain", "team-owner").out
    own.write("teams.py", "TEAMS = {'sales', 'nobody'}\n")
    assert "nothing found" in own("check").out
    assert own.left_behind() == []


def test_one_that_raises_is_a_finding_at_its_line_and_not_our_fault(own):
    own.write("teams.py", "TEAMS = set()\n")
    own.write("conftest.py", CONFTEST + RAISING)
    answer = own("check", "--select", "wrong")
    assert answer.code == 1
    said = (
        "check-failed: the check 'wrong' raised AttributeError: "
        "'DagContext' object has no attribute 'nothing_of_the_kind'"
    )
    assert said in answer.out
    assert f"  where   conftest.py:{(CONFTEST + RAISING).count(chr(10))}  dag_id=sales\n" in answer.out


@pytest.mark.parametrize(
    ("text", "told", "where"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero", ":1\n"),
        ("import os; os._exit(0)\n", "it ends its process", "conftest.py\n"),
        ("import harness\nharness.check('Not Kebab')(print)\n", "check id 'Not Kebab' is not kebab-case", ":2\n"),
        ("import harness\nharness.check('a', level='parses')\n", "check 'a': level 'parses'", ":2\n"),
        ("import harness\nharness.check('cycle')(print)\n", "check id 'cycle' is taken", ""),
    ],
)
def test_what_does_not_import_is_a_usage_error(own, text, told, where):
    own.write("conftest.py", f"{text}# harness check\n")
    answer = own("check")
    assert answer.code == 2
    assert told in answer.err
    assert f"conftest.py{where}" in answer.err or where in answer.err


def test_a_package_brings_checks_by_its_entry_point(own):
    own.write("conftest.py", "raise SystemExit('says nothing of checks, so it is not imported')\n")
    own.write("site/house_rules.py", "import harness\n\n@harness.check('house')\ndef house(look):\n    yield 'no'\n")
    own.write("site/house_rules-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: house-rules\nVersion: 1.0\n")
    own.write("site/house_rules-1.0.dist-info/entry_points.txt", "[airflow_harness.checks]\nhouse = house_rules\n")
    answer = own("check", "--no-cache", PYTHONPATH=str(own.folder / "site"))
    assert answer.code == 1, answer.err
    assert "house: no\n  where   dags/sales.py:4  dag_id=sales\n" in answer.out
