"""Which pulls are sure to find nothing, and which may find something after all."""

from __future__ import annotations

import sys

import pytest

from harness.bridge.loader import forget_dags, made_ready, modules_of, taken_from
from harness.bridge.parsing.parse import Parsed
from harness.bridge.parsing.watching import Users
from harness.bridge.parsing.watching.places import Places
from harness.checks.context import CheckSelection, Declared, FileContext
from harness.checks.graph.xcom_reference import xcom_reference

HEAD = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task
from remember_rows import remember

def note(ti):
    ti.xcom_push(key="rows", value=1)

"""
HELPER = """
from airflow.sdk import get_current_context

def remember(rows):
    get_current_context()["ti"].xcom_push(key="rows", value=rows)
"""


@pytest.fixture
def said(tmp_path, monkeypatch):
    """The messages about a Dag in which what is given comes first and what is asked comes last."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "remember_rows", raising=False)
    (tmp_path / "remember_rows.py").write_text(HELPER)

    def about(body):
        file = tmp_path / "asked_dag.py"
        lines = "\n".join("    " + line for line in body.strip().splitlines())
        file.write_text(f'{HEAD}\nwith DAG("asked", schedule=None) as dag:\n{lines}\n')
        users, modules = Users(str(tmp_path)), []
        parsed = Parsed(file, tmp_path, Places(users), users)
        assert modules_of(file, modules) == []
        parsed.dags += [dag for dag, module in taken_from(modules) if made_ready(dag, module, tmp_path)]
        forget_dags()
        context = FileContext(parsed, Declared(), CheckSelection({}))
        return [problem.message for dag in context.dags for problem in xcom_reference(dag)]

    return about


def python(body, parameters="ti=None", decorator="@task"):
    """Two tasks: one of this body, and one that pulls its rows and its result."""
    lines = "\n".join("    " + line for line in body.splitlines())
    pull = "{{ ti.xcom_pull('first', key='rows') }}"
    return f"""
{decorator}
def first({parameters}):
{lines}

first() >> BashOperator(task_id="second", bash_command="echo {pull}")
"""


@pytest.mark.parametrize(
    "body",
    [
        "return 1",
        "ti.xcom_push(key='row', value=1)",
        "ti.xcom_push('row', 1)",
        "print(ti.xcom_pull(task_ids='first', include_prior_dates=True))",
    ],
)
def test_a_key_that_a_function_never_pushes(said, body):
    assert said(python(body)) == [
        "task 'second' pulls XCom 'rows' of 'first', which never pushes that key (in a template of bash_command)"
    ]


@pytest.mark.parametrize(
    ("body", "parameters"),
    [
        ("ti.xcom_push(key='rows', value=1)", "ti=None"),
        ("ti.xcom_push('rows', 1)", "ti=None"),
        ("key = 'ro' + 'ws'\nti.xcom_push(key=key, value=1)", "ti=None"),
        ("note(ti)", "ti=None"),
        ("note(context['ti'])", "**context"),
        ("mine = context['ti']\nnote(mine)", "**context"),
        ("print(**context)", "**context"),
        ("push = ti.xcom_push\npush('rows', 1)\nlist(map(ti.xcom_push, [], []))", "ti=None"),
        ("remember(1)", ""),
        ("(lambda: remember(1))()", ""),
    ],
)
def test_a_key_that_a_function_may_push(said, body, parameters):
    assert said(python(body, parameters)) == []


def test_several_outputs_are_keys(said):
    several = "@task(multiple_outputs=True)"
    assert said(python("return {'rows': 1}", decorator=several)) == []
    assert said(python("return {**{}, 'row': 1}", decorator=several)) == []
    assert said(python("return dict(rows=1)", decorator=several)) == []
    assert len(said(python("return {'row': 1}", decorator=several))) == 1


@pytest.mark.parametrize(
    ("first", "pull", "number"),
    [
        ("EmptyOperator(task_id='first')", "'first'", 1),
        ("BashOperator(task_id='first', bash_command='wc')", "'first'", 0),
        ("BashOperator(task_id='first', bash_command='wc', do_xcom_push=False)", "'first'", 1),
        ("BashOperator(task_id='first', bash_command='wc')", "'first', key='rows'", 1),
        ("BashOperator(task_id='first', bash_command='wc', on_success_callback=print)", "'first', key='rows'", 0),
        ("BashOperator(task_id='first', bash_command='wc', multiple_outputs=True)", "'first', key='rows'", 0),
        ("EmptyOperator(task_id='first')", "['first', 'frist']", 2),
        ("EmptyOperator(task_id='first')", "task_ids='second'", 1),
        ("EmptyOperator(task_id='first')", "'first', run_id='other'", 0),
        ("EmptyOperator(task_id='first')", "'frist', dag_id='other'", 0),
        ("EmptyOperator(task_id='first')", "'frist', dag_id='asked'", 1),
        ("EmptyOperator(task_id='first')", "params.which", 0),
        ("EmptyOperator(task_id='first')", "'first', key=params.which", 0),
        ("EmptyOperator(task_id='first')", "*params.which", 0),
    ],
)
def test_what_operators_push(said, first, pull, number):
    first, second = f"first = {first}", f'BashOperator(task_id="second", bash_command="{{{{ ti.xcom_pull({pull}) }}}}")'
    assert len(said(f"{first}\nfirst >> {second}")) == number


def test_what_is_no_pull_or_no_template(said):
    raw = "{% raw %}{{ ti.xcom_pull('frist') }}{% endraw %}"
    broken = "{{ ti.xcom_pull('frist' }}"
    other = "{{ macros.xcom_pull('frist') }}"
    for text in (raw, broken, other, "ti.xcom_pull('frist')"):
        assert said(f'BashOperator(task_id="first", bash_command="{text}")') == []


def test_a_result_in_an_f_string_ties_nothing(said):
    body = """
@task
def first():
    return 1

given = first()
BashOperator(task_id="second", bash_command=f"echo {given}")
"""
    assert said(body) == [
        "task 'second' pulls an XCom of 'first', which does not run before it (in a template of bash_command)"
    ]


def test_a_task_may_pull_what_it_has_pushed_itself(said):
    pushes = "@task\ndef first(ti=None):\n    ti.xcom_push('seen', 1)\n    print(ti.xcom_pull(key='seen'))\nfirst()"
    pushes_not = "@task\ndef first(ti=None):\n    print(ti.xcom_pull(key='seen'))\nfirst()"
    assert said(pushes) == []
    assert said(pushes_not) == [
        "task 'first' pulls its own XCom as it names no task_ids, and has pushed none (in first())"
    ]
