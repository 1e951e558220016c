"""Which braces are taken for a template that nobody renders."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.checks.content.template_field import template_field

TOLD = [
    "{{ ds }}",
    "a/{{ ds_nodash }}.csv",
    "{{ logical_date.year }}",
    "{{ data_interval_start | ds }}",
    "{{ ti.xcom_pull('x') }}",
    "{{ params.table }}",
    "{{ params['table'] }}",
    "{{ var.value.x }}",
    "{{ macros.ds_add(ds, 1) }}",
    "{% if dag_run.conf %}x{% endif %}",
    "{{ execution_date }}",
    ["a", {"b": ("{{ run_id }}",)}],
]
NOT_MEANT = [
    "{{ name }}",
    "{ds}",
    "ds",
    "{{ 'ds' }}",
    "{{ row.ds }}",
    "{{ my_ds }}",
    "{{ ds_of }}",
    "{{ params }}",
    "{{ connection.x }}",
    "${{ github.ref }} and ds",
    "{{ var }}",
    3,
    None,
]


def problems(**given):
    from airflow.sdk import DAG, BaseOperator

    class Load(BaseOperator):
        template_fields = ("rendered",)

        def __init__(self, rendered=None, kept=None, **more):
            super().__init__(**more)
            self.rendered, self.kept = rendered, kept

    with DAG("sales", schedule="@daily") as dag:
        Load(task_id="load", **given)
    context = SimpleNamespace(dag=dag, dag_id="sales", tasks=list(dag.task_dict.values()))
    return [problem.message for problem in template_field(context)]


@pytest.mark.parametrize("value", TOLD)
def test_a_template_of_airflows(value):
    (message,) = problems(kept=value)
    assert " in kept, which Load does not render" in message
    assert problems(rendered=value) == []


@pytest.mark.parametrize("value", NOT_MEANT)
def test_other_braces(value):
    assert problems(kept=value) == []


def test_what_every_operator_leaves_alone():
    assert problems(doc_md="{{ ds }}", params={"a": "{{ ds }}"}) == []
    (message,) = problems(owner="{{ params.team }}")
    assert "in owner, which Load does not render" in message


def test_what_is_kept_of_a_rendered_field():
    assert problems(rendered="a {{ ds }}", kept="a {{ ds }}") == []
    assert len(problems(rendered="a", kept="a {{ ds }}")) == 1


def test_keys_and_objects_in_a_rendered_field():
    (key,) = problems(rendered={"{{ ds }}": 1})
    (inner,) = problems(rendered=[SimpleNamespace(day="{{ ds }}")])
    assert "in a key or an object in rendered" in key
    assert "in a key or an object in rendered" in inner
    assert problems(rendered=[SimpleNamespace(day="{{ ds }}", template_fields=("day",))]) == []
