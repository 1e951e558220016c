"""What an error says of a variable: that the world lacks it, or that it is there and no JSON."""

import pytest
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Variable, task

from harness.world import World


def by_call():
    return Variable.get("settings", deserialize_json=True)


def by_context(var=None):
    return var["json"].settings["key"]


@pytest.mark.parametrize("reads", [by_call, by_context, "echo {{ var.json.settings.key }}"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("", "variable 'settings' is in the world, but its value is no JSON"),
        ("a: b", "variable 'settings' is in the world, but its value is no JSON"),
        (None, "variable 'settings' is not in the world"),
    ],
)
def test_a_variable_that_is_no_json_is_not_said_to_be_missing(rehearse, reads, value, told):
    world = World()
    if value is not None:
        world.set_variable("settings", value)
    with DAG("d", schedule=None) as dag:
        if isinstance(reads, str):
            BashOperator(task_id="reads", bash_command=reads)
        else:
            task(reads, task_id="reads")()
    error = rehearse(dag, world=world).task("reads").error
    assert error is not None
    assert error.hint.startswith(told)
    assert ("settings: {…}" in error.hint) is (value is not None)
