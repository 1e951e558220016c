"""Which statements are told: those with a value that only a run knows, in the place of a value."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.checks.content.sql_formatting import built, is_value, sql_formatting
from tests.checks.content.contexts import context

TOLD = [
    ("hook.run(f\"SELECT * FROM a WHERE b = '{params['x']}'\")", "a param", "an f-string"),
    ("hook.run(f\"SELECT * FROM a WHERE b = {params.get('x')}\")", "a param", "an f-string"),
    ("hook.run(f\"SELECT * FROM a WHERE b = '{context['params']['x'].upper()}'\")", "a param", "an f-string"),
    ("hook.run(\"SELECT * FROM a WHERE b = '%s'\" % dag_run.conf['x'])", "dag_run.conf", "%"),
    ("hook.run('SELECT * FROM a WHERE b > %(b)s' % {'b': ti.xcom_pull('y')})", "an XCom", "%"),
    ("hook.run('SELECT * FROM a WHERE b IN ({0})'.format(', '.join(ti.xcom_pull('y'))))", "an XCom", ".format()"),
    ("hook.run('SELECT * FROM a WHERE b = {b}'.format(b=ti.xcom_pull('y')))", "an XCom", ".format()"),
    ("x = ti.xcom_pull('y')\n    hook.run('DELETE FROM a WHERE b = \\'' + x + '\\'')", "an XCom", "+"),
    ("for x in hook.get_records('q'):\n        hook.run(f\"UPDATE a SET b = '{x[0]}'\")", "a row", "an f-string"),
    (
        "rows = [f\"'{x}'\" for x in given]\n    hook.run(f\"CALL f({','.join(rows)}, '{rows[0]}')\")",
        "'given'",
        "an f-string",
    ),
    ("hook.run(f\"INSERT INTO a VALUES (1, '{given}')\")", "'given'", "an f-string"),
    ('hook.run(f"SELECT * FROM a WHERE b BETWEEN 1 AND {given}")', "'given'", "an f-string"),
]
NOT_TOLD = [
    "hook.run(f\"SELECT * FROM {params['x']} ORDER BY {params['y']}\")",
    "hook.run(f\"SELECT {', '.join(given)} FROM a\")",
    "hook.run('SELECT * FROM a WHERE b = %s', [params['x']])",
    "hook.run(f\"SELECT * FROM a WHERE b = '{ds}'\")",
    "hook.run(f\"SELECT * FROM a WHERE b = {int(params['x'])} AND c = {len(given)}\")",
    "hook.run(f\"SELECT * FROM a WHERE b = '{ti.xcom_pull('y').isoformat()}'\")",
    "hook.run(f\"SELECT * FROM a WHERE b = {params['number']} AND c = '{params['way']}'\")",
    "hook.run(f\"SELECT * FROM a WHERE b = {params.get('number', 3)} AND c = '{context['params']['day']}'\")",
    "x = 'north'\n    hook.run(f\"SELECT * FROM a WHERE b = '{x}'\")",
    "x = ti.xcom_pull('y')\n    x = 3\n    hook.run(f\"SELECT * FROM a WHERE b = {x}\")",
    "hook.run(f\"SELECT * FROM a WHERE b = '{quoted(given)}'\")",
    'hook.run(f"SELECT * FROM a WHERE b = {number}")',
    "if given not in KNOWN:\n        raise ValueError\n    hook.run(f\"SELECT * FROM a WHERE b = '{given}'\")",
    "if params['x'].isalnum():\n        hook.run(f\"SELECT * FROM a WHERE b = '{params['x']}'\")",
    "assert re.fullmatch('[a-z]+', given)\n    hook.run(f\"SELECT * FROM a WHERE b = '{given}'\")",
    "check_name(given)\n    hook.run(f\"SELECT * FROM a WHERE b = '{given}'\")",
    "print(f\"SELECT * FROM a WHERE b = '{given}'\")",
    "raise ValueError(f\"SELECT * FROM a WHERE b = '{given}'\")",
    "send(f\"select one of '{given}'\")",
    "return f\"Update for '{given}'\"",
]
PARAMS = {
    "number": SimpleNamespace(schema={"type": ["null", "integer"]}),
    "way": SimpleNamespace(schema={"enum": ["up", "down"]}),
    "day": SimpleNamespace(schema={"type": "string", "format": "date"}),
    "x": SimpleNamespace(schema={"type": "string"}),
}


def problems(body: str) -> list[str]:
    source = f"""
def quoted(text):
    return text.replace("'", "''")
def task(hook, ti, ds, params, dag_run, given, number: int, **context):
    {body}
"""
    given = {"given": "{{ ti.xcom_pull(task_ids='find') }}", "number": "{{ params.number }}"}
    return [one.message for one in sql_formatting(context(source, dag_params=PARAMS, op_kwargs=given))]


@pytest.mark.parametrize(("body", "what", "how"), TOLD)
def test_a_value_of_the_run(body, what, how):
    assert problems(body) == [f"task() writes {what} into an SQL statement with {how}"]


@pytest.mark.parametrize("body", NOT_TOLD)
def test_what_is_safe_or_not_sure(body):
    assert problems(body) == []


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ("select * from a where b = ", True),
        ("select * from a where b = '", True),
        ("select * from a where b in (", True),
        ("insert into a (b) values (1, ", True),
        ("insert into a (", False),
        ("select * from ", False),
        ("select * from a where ", False),
        ("select * from a where b = 'x' order by ", False),
    ],
)
def test_the_place_of_a_value(before, value):
    assert is_value(before) is value


def test_a_statement_without_values_is_none():
    import ast

    assert built(ast.parse("f'SELECT 1 FROM {a}'", mode="eval").body) is None
    assert built(ast.parse("a - b", mode="eval").body) is None
