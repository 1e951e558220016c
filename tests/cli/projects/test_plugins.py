"""A plugin that does not load is told by every command, once, with the line; Airflow itself goes on without it."""

import json

import pytest

from tests.cli.project import Project

pytestmark = pytest.mark.gate  # whole processes that parse

DAG = """
from airflow.sdk import DAG, task

with DAG("sales", schedule=None):
    @task
    def load(): ...
    load()
"""
HEAD = "from airflow.plugins_manager import AirflowPlugin\n\n"
BROKEN = {
    "raises": (f"{HEAD}def taxes():\n    raise KeyError('rate')\n\ntaxes()\n", 4, "KeyError: 'rate'"),
    "is_no_python": (f"{HEAD}class Taxes(AirflowPlugin)\n", 3, "SyntaxError: expected ':'"),
    "wants_a_module": (f"{HEAD}import no_such_taxes\n", 3, "ModuleNotFoundError: No module named 'no_such_taxes'"),
    "has_no_name": (f"{HEAD}class Taxes(AirflowPlugin):\n    macros = []\n", 3, "Your plugin needs a name."),
    "dies_when_loaded": (
        f"{HEAD}class Tax(AirflowPlugin):\n    name = 'tax'\n\n    @classmethod\n    def on_load(cls):\n        1/0\n",
        8,
        "ZeroDivisionError: division by zero",
    ),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A project with a Dag, a plugin that loads, and one that does not for each reason."""
    project = Project(tmp_path_factory.mktemp("plugins"))
    project.write("dags/sales.py", DAG)
    project.write("plugins/good.py", f"{HEAD}class Good(AirflowPlugin):\n    name = 'good'\n")
    for name, (text, _, _) in BROKEN.items():
        project.write(f"plugins/{name}.py", text)
    return project


def told(findings):
    """(file, line, the end of the message) of findings of plugins."""
    assert {one["severity"] for one in findings if one["check"] == "plugin-error"} <= {"warning"}
    mine = [one for one in findings if one["check"] == "plugin-error"]
    return sorted((one["path"].rpartition("/")[2], one["line"], one["message"]) for one in mine)


def wanted():
    return sorted((f"{name}.py", line, reason) for name, (_, line, reason) in BROKEN.items())


def assert_all(findings):
    found = told(findings)
    assert [one[:2] for one in found] == [one[:2] for one in wanted()]
    for (name, _, message), (_, _, reason) in zip(found, wanted(), strict=True):
        assert message.startswith(f"plugin {name!r} does not load: ")
        assert message.endswith(reason)


def test_check_tells_each_and_remembers_them(broken):
    first = broken("check", "--format", "json")
    again = broken("check", "--format", "json")
    assert (first.code, again.code) == (0, 0), first.err
    assert_all(json.loads(first.out)["findings"])
    assert json.loads(again.out)["summary"]["cached"] == 1
    assert_all(json.loads(again.out)["findings"])


def test_what_makes_one_load_again_is_seen_in_spite_of_the_cache(broken):
    broken("check")
    module = broken.write("no_such_taxes.py", "")
    try:
        found = told(json.loads(broken("check", "--format", "json").out)["findings"])
    finally:
        module.unlink()
    assert "wants_a_module.py" not in [name for name, _, _ in found]
    assert len(found) == len(BROKEN) - 1


def test_a_run_and_a_calendar_have_them_as_findings(broken):
    run = broken("run", "sales", "--json")
    assert run.code == 0, run.err
    assert_all(json.loads(run.out)["findings"])
    shown = broken("simulate", "--since", "2025-01-01", "--until", "1d")
    assert shown.out.count("does not load") == len(BROKEN)
    assert "plugins/raises.py:4" in shown.out


def test_init_notes_them_and_is_no_failure(broken):
    said = broken("init", "--print")
    assert said.code == 0, said.err
    assert (said.out + said.err).count("does not load") == len(BROKEN)
    assert "plugins/raises.py:4 plugin 'raises.py' does not load: KeyError: 'rate'" in said.out + said.err
