"""Names of Airflow are read from text: where they stand, and what only looks like one."""

import os
import textwrap

import pytest

from harness.upgrade.judge import files_below
from harness.upgrade.uses import callables_in, names_in_python, names_in_template


def shown(source, callables=frozenset()):
    return {(name.shown, line) for name, line in names_in_python(textwrap.dedent(source), callables)}


def said(source, *wanted, callables=frozenset()):
    found = {text for text, _ in shown(source, callables)}
    return [text for text in wanted if text in found]


def test_imports_members_and_arguments_are_found_with_their_lines():
    found = shown("""\
        from airflow.operators.bash_operator import BashOperator as Bash
        import airflow.utils.dates
        import airflow.models as m

        Bash(task_id="a", xcom_push=True)
        Bash.partial(task_id="b", provide_context=True).expand(env=[{}])
        airflow.utils.dates.days_ago(2)
        m.Variable.get("x", default_var=1)
        """)
    assert found >= {
        ("airflow.operators.bash_operator.BashOperator", 1),
        ("airflow.utils.dates", 2),
        ("BashOperator(xcom_push=)", 5),
        ("BashOperator(provide_context=)", 6),
        ("airflow.utils.dates.days_ago", 7),
        ("airflow.models.Variable.get", 8),
        ("Variable.get(default_var=)", 8),
    }


@pytest.mark.parametrize(
    "source",
    [
        'def f(**context):\n    context["prev_ds"]',
        'def f(**anything):\n    anything.get("prev_ds")',
        'now = get_current_context()\nnow["prev_ds"]',
        'get_current_context()["prev_ds"]',
        'Bash(bash_command="echo {{ prev_ds }}")',
        "from airflow.decorators import task\n@task\ndef f(prev_ds=None): pass",
        "from airflow.sdk import task\n@task.branch(retries=2)\nasync def f(*, prev_ds): pass",
    ],
)
def test_keys_of_the_context_are_found_however_they_are_asked_for(source):
    assert said(source, "prev_ds of the context")


def test_functions_that_tasks_call_are_known_across_files():
    handed = callables_in("PythonOperator(python_callable=steps.load)\nDAG(on_failure_callback=[tell])")
    assert handed == {"load", "tell"}
    assert said("def load(next_ds): ...", "next_ds of the context", callables=handed)
    assert not said("def other(next_ds): ...", "next_ds of the context", callables=handed)


def test_lines_of_a_long_template_are_the_files():
    assert ("tomorrow_ds of the context", 3) in shown('SQL = """\nselect 1\n  -- {{ tomorrow_ds }}\n"""\n')


@pytest.mark.parametrize(
    "source",
    [
        "def helper(execution_date, **kwargs): ...",
        'def __init__(self, **kwargs):\n    kwargs["conf"]',
        'PLAIN = {"execution_date": 1}\nPLAIN["execution_date"]',
        'DAG("x", user_defined_macros={"execution_date": 1})\nBash(bash_command="{{ execution_date }}")',
        'Bash(bash_command="{% set execution_date = 1 %}{{ execution_date }}")',
        '"""The {{ execution_date }} of a docstring."""',
        "from .airflow import execution_date",
    ],
)
def test_what_only_looks_like_one_is_left_alone(source):
    assert not said(source, "execution_date of the context", "conf of the context", "airflow.execution_date")


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    from airflow.sdk import Asset\nexcept ImportError:\n    from airflow.datasets import Dataset\n",
        "if AIRFLOW_V_3_0_PLUS:\n    from airflow.sdk import Asset\nelse:\n    from airflow.datasets import Dataset\n",
    ],
)
def test_a_file_written_for_several_versions_is_right_as_it_is(source):
    assert shown(source) == set()


def test_trigger_rules_and_default_arguments():
    found = shown('default_args = {"provide_context": True, "trigger_rule": "dummy"}\nBash(trigger_rule="none_failed")')
    assert found >= {
        ('default_args["provide_context"]', 1),
        ('trigger_rule="dummy"', 1),
        ('trigger_rule="none_failed"', 2),
    }


def test_a_file_of_python_2_is_told():
    assert shown("print 'hello'\n") == {("no Python 3", 1)}


def test_templates_have_names_and_fields_and_what_is_no_template_has_none():
    assert {name.shown for name, _ in names_in_template("{{ dag_run.execution_date }} {{ next_ds }}")} == {
        "dag_run of the context",
        "dag_run.execution_date of the context",
        "next_ds of the context",
    }
    assert list(names_in_template("{{ .Values.image }} {% unknown %}")) == []


def test_a_template_with_filters_of_its_dag_is_read_too():
    assert {name.shown for name, _ in names_in_template("{{ next_ds | q('x') if ds is odd_one }}")} >= {
        "next_ds of the context"
    }


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    for name in ("p.yaml", "p.py", "p.sql", "p.zip"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "a.py").write_text("import airflow\n")
    assert list(files_below([tmp_path])) == [tmp_path / "a.py"]


def test_what_a_lambda_takes_and_what_a_dag_is_asked_for_are_names_too():
    found = shown("""\
        from airflow import DAG
        from airflow.operators.python import PythonOperator

        with DAG("d") as d:
            PythonOperator(task_id="a", python_callable=lambda **k: k["execution_date"])
            PythonOperator(task_id="b", python_callable=lambda next_ds: next_ds)
        print(d.subdags)
        """)
    assert found >= {
        ("execution_date of the context", 5),
        ("next_ds of the context", 6),
        ("dag.subdags of the context", 7),
    }


def test_a_name_that_holds_something_else_too_and_rows_of_the_schedulers_database_are_let_be():
    assert not said("from airflow import DAG\nd = DAG('d')\nd = 3\nd.subdags\n", "dag.subdags of the context")
    policy = "def task_instance_mutation_hook(task_instance):\n    task_instance.pool = task_instance.pool or 'a'\n"
    assert not said(policy, "task_instance.pool of the context")
    assert said("def f(ti):\n    ti.pool\n", "ti.pool of the context")
