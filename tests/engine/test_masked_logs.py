"""No secret of the world in a log, however a task takes it apart or writes it down."""

import json

import pytest
from airflow.sdk import DAG, BaseHook, Variable, task

from harness.bridge.masking import _masker, mask, masked
from harness.world import World

PASSWORD = "héllo wörld canary\nsecond-canary"


@pytest.fixture(autouse=True)
def _forgetful():
    """What one test has masked must not help the next."""
    _masker()._secrets_masker().reset_masker()


@pytest.fixture
def world():
    world = World()
    world.set_connection(
        "up", conn_type="http", host="h", password=PASSWORD, extra={"deep": {"api_token": "extra-canary"}}
    )
    world.set_variable("cfg_secret", {"a": {"b": "deep-canary", "c": ["list-canary"]}, "d": '{"e": "inner-canary"}'})
    world.set_variable("settings", {"region": "northern", "passwd": "named-canary"})
    return world


def connection():
    return BaseHook.get_connection("up")


TELLS = {
    "a part of a secret variable": lambda: Variable.get("cfg_secret", deserialize_json=True)["a"]["b"],
    "an item of it": lambda: Variable.get("cfg_secret", deserialize_json=True)["a"]["c"][0],
    "JSON within it": lambda: json.loads(Variable.get("cfg_secret", deserialize_json=True)["d"])["e"],
    "the whole of it": lambda: Variable.get("cfg_secret"),
    "what is secret by its own name": lambda: Variable.get("settings", deserialize_json=True)["passwd"],
    "a part of an extra": lambda: connection().extra_dejson["deep"]["api_token"],
    "a password": lambda: connection().password,
    "a line of it": lambda: connection().password.splitlines()[1],
    "its JSON": lambda: json.dumps({"p": connection().password}),
    "the repr of its JSON": lambda: repr([json.dumps(connection().password)]),
    "JSON in JSON": lambda: json.dumps({"a": json.dumps([connection().password])}),
    "a variable that the task set": lambda: (Variable.set("my_token", "own-canary"), "own-canary")[1],
}


@pytest.mark.parametrize("tells", TELLS.values(), ids=TELLS)
def test_a_secret_stands_in_no_log_and_no_xcom(rehearse, world, tells):
    with DAG("d", schedule=None) as dag:

        @task
        def tell():
            text = tells()
            assert "canary" in text
            print("told", text)
            return text

        tell()
    ti = rehearse(dag, world=world).task("tell")
    assert ti.state == "success"
    shown = masked(f"{ti.log} {ti.xcoms}")
    assert "told" in shown
    assert "canary" not in shown


def test_what_is_none_stays(rehearse, world):
    with DAG("d", schedule=None) as dag:
        task(lambda: print(Variable.get("settings", deserialize_json=True)["region"]), task_id="tell")()
    assert "northern" in masked(rehearse(dag, world=world).task("tell").log)


@pytest.mark.parametrize("secrets", [(), ("first-canary", "a.canary*")])
@pytest.mark.parametrize(
    "text", ["", "no secret", "first-canary and a.canary*, and a_canary", "first-canaryfirst-canary"]
)
def test_a_text_is_masked_as_airflow_masks_it(text, secrets):
    for secret in secrets:
        mask(secret)
    assert masked(text) == _masker().redact(text)
    assert not secrets or "first-canary" not in masked(text)
