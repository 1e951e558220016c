"""Which templates are told: those that cannot be rendered for a reason that a real run has too."""

from __future__ import annotations

import os

from harness.bridge.parsing.trials.rendering import unrendered

TOLD = [
    ("{{ dss }}", "'dss' is undefined"),
    ("{{ params.tabel }}", "params has no 'tabel'"),
    ("{{ params['tabel'] }}", "params has no 'tabel'"),
    ("{{ dag_run.conf.table }}", "dag_run.conf has no 'table'"),
    ("{{ dag_run.conf['table'] }}", "dag_run.conf has no 'table'"),
    ("{{ ti.execution_date }}", "TaskInstance has no attribute 'execution_date'"),
    ("{{ dag.nothing }}", "DAG has no attribute 'nothing'"),
    ("{{ macros.nothing(ds) }}", "has no attribute 'nothing'"),
    ("{{ logical_date.replace(day=31) }}", "ValueError: "),
    ("{{ ds + 1 }}", "TypeError: "),
    ("{{ ds | nothing }}", "No filter named 'nothing'."),
    ("{% for x in [1] %}", "Unexpected end of template."),
    ("{{ ti.xcom_pull('make').rows | nothing }}", "No filter named 'nothing'."),
    ("{% if ti.xcom_pull('make') %}{{ dss }}{% endif %}", "'dss' is undefined"),
    ("{% if not ti.xcom_pull('make') %}{{ dss }}{% endif %}", "'dss' is undefined"),
    ("{% if logical_date.day == 29 %}{{ dss }}{% endif %}", "'dss' is undefined"),
    ("{{ own(dss) }}", "'dss' is undefined"),
]
FINE = [
    "{{ ds }} {{ ts_nodash }} {{ run_id }}",
    "{{ dss | default('') }}{% if dss is defined %}{{ dss }}{% endif %}",
    "{% set dss = ds %}{{ dss }}",
    "{% macro of(dss) %}{{ dss }}{% endmacro %}{{ of(ds) }}",
    "{{ params.table.upper() }} {{ params.get('tabel') }} {{ dag_run.conf.get('table', 'a') }}",
    "{{ ti.xcom_pull('make')['rows'][0].name | upper }} {{ ti.xcom_pull('make') + 1 }} {{ 10 / ti.xcom_pull('make') }}",
    "{% for one in ti.xcom_pull('make') %}{{ one.a / one.b }}{% endfor %}",
    "{{ var.value.region }} {{ var.json.region[0] }} {{ var.value.get('x', 'y') }} {{ conn.warehouse.extra_dejson.x }}",
    "{{ inlet_events[0].extra.x }} {{ outlet_events }} {{ prev_start_date_success | ds }}",
    "{{ (prev_data_interval_end_success or data_interval_start) | ds }}",
    "{{ data_interval_end.in_timezone('Europe/Berlin').strftime('%Y') }} {{ macros.ds_format(ds, '%Y-%m-%d', '%d') }}",
    "{{ macros.json.dumps(params | tojson) }} {{ macros.uuid.uuid4() }} {{ macros.random() }}",
    "{{ ti.hostname }} {{ ti.start_date.isoformat() }} {{ task.task_id }} {{ ti.map_index }} {{ ti.log_url }}",
    "{{ own(ds) }} {{ fails(ds) }}",
    "{% raw %}{{ dss }}{% endraw %} {# {{ dss }} #}",
    "{{ macros.datetime.fromisoformat(ti.xcom_pull('make')) }} {{ macros.dateutil.parser.parse(var.value.day).year }}",
    "{{ macros.json.loads(var.value.rows) }} {{ var.json.rows | tojson }} {{ '-'.join(conn.warehouse.schema) }}",
]
MANUAL = [
    "{{ dag_run.conf | tojson }}",
    "{{ macros.datetime.strptime(params.day, '%Y-%m-%d').date() }}",
    "{% set day = params.day %}\n{{ macros.datetime.fromisoformat(day) }}",
    "{{ ','.join([params.a, ti.xcom_pull('make')]) }} {{ '%d' % params.number }} {{ params | tojson }}",
    "{{ macros.json.dumps(dag_run.conf) }} {{ macros.timedelta(days=params.days) }} {{ params.names | join }}",
    "{{ macros.dateutil.parser.parse(var.value.start_day).year }}",
    "{{ macros.dateutil.parser.parse(params.day) }}",
    "{{ params.anything.name }} {{ params['x'] }} {{ dag_run.conf.table }} {{ dag_run.conf['a']['b'] }} {{ ds }}",
]


def fails(_):
    return os.environ["NOT_HERE_BUT_IN_PRODUCTION"]


def reasons(*texts, schedule="@daily", own=lambda path: path == __file__):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG

    from harness.bridge.timetables import timetable_of

    macros = {"own": str, "fails": fails}
    with DAG("sales", schedule=schedule, params={"table": "orders"}, user_defined_macros=macros) as dag:
        for number, text in enumerate(texts):
            BashOperator(task_id=f"load_{number}", bash_command=text)
    return {found.task_id: found for found in unrendered(dag, lambda: timetable_of(dag), own)}


def test_what_cannot_be_rendered():
    found = reasons(*(text for text, _ in TOLD))
    said = [found[f"load_{number}"].complaint.reason for number in range(len(TOLD))]
    assert [reason for (_, reason), one in zip(TOLD, said, strict=True) if reason not in one] == []


def test_what_can_or_what_nobody_can_tell():
    assert [found.complaint for found in reasons(*FINE).values()] == []


def test_runs_that_people_start_have_what_they_give():
    assert reasons(*MANUAL, schedule=None) == {}
    assert reasons("{{ dss }}", "{{ ds + 1 }}", schedule=None).keys() == {"load_0", "load_1"}


def test_runs_that_assets_start_have_no_date():
    from airflow.sdk import Asset

    texts = (
        "{{ ds }}",
        "{{ logical_date }}",
        "{{ dag_run.run_after }}",
        "{{ triggering_asset_events }}",
        "{{ run_id }}",
    )
    found = reasons(*texts, schedule=[Asset("orders")])
    assert [(one.task_id, one.kind) for one in found.values()] == [
        ("load_0", "asset_triggered"),
        ("load_1", "asset_triggered"),
    ]


def test_the_date_and_the_line_are_told():
    found = reasons("a\nb {{ logical_date.replace(day=30) }}", "a\n\n{{ dss }}")
    assert (found["load_0"].complaint.line, found["load_0"].date) == (2, "2024-02-29")
    assert found["load_1"].complaint.line == 3


def test_a_text_is_told_once():
    assert len(reasons("{{ dss }}", "{{ dss }}", "{{ dss }}")) == 1
