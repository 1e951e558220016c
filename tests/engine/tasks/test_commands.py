"""A program of this machine in the place of what a pod, a shell or a cluster would run."""

import sys

import pytest
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

from harness.errors import WorldError
from harness.world import World, load
from tests.engine.exploration.exploration_dags import START
from tests.engine.tasks.test_elsewhere import ModuleType

POD = "airflow.providers.cncf.kubernetes.operators.pod"
CODE = """
from airflow.sdk import BaseOperator

class Variable:
    def __init__(self, name, value, value_from=None):
        self.name, self.value, self.value_from = name, value, value_from

class KubernetesPodOperator(BaseOperator):
    template_fields = ("arguments", "env_vars")

    def __init__(self, *, image, arguments=(), env_vars=(), skip_on_exit_code=None, do_xcom_push=False, **more):
        super().__init__(do_xcom_push=do_xcom_push, **more)
        self.image, self.arguments, self.env_vars = image, arguments, env_vars
        self.skip_on_exit_code = skip_on_exit_code

    def execute(self, context):
        raise AssertionError("a pod")
"""
SAYS = """
import json, os, sys
print("saw", sys.argv[1:], sorted(name for name in os.environ if name in ("DAY", "SECRET", "LAPTOP")))
if "AIRFLOW_HARNESS_XCOM" in os.environ:
    with open(os.environ["AIRFLOW_HARNESS_XCOM"], "w") as file:
        json.dump({"args": sys.argv[1:], "day": os.environ.get("DAY"), "here": os.getcwd()}, file)
sys.exit(int(os.environ.get("CODE", "0")))
"""


@pytest.fixture
def pod(monkeypatch):
    module = ModuleType(POD)
    module.__file__ = "/usr/lib/python3/site-packages/pod.py"
    exec(compile(CODE, module.__file__, "exec"), vars(module))
    monkeypatch.setitem(sys.modules, POD, module)
    monkeypatch.setenv("LAPTOP", "1")
    return module


@pytest.fixture
def program(tmp_path):
    file = tmp_path / "job.py"
    file.write_text(SAYS)
    return str(file)


def dag_of(operator, **given):
    with DAG("pods", schedule="@daily", start_date=START, default_args={"retries": 1}) as dag:
        operator(task_id="transform", **given)
    return dag


def test_a_pods_arguments_environment_and_xcom(rehearse, pod, program):
    dag = dag_of(
        pod.KubernetesPodOperator,
        image="shop/job:3",
        arguments=["--day", "{{ ds }}"],
        env_vars=[pod.Variable("DAY", "{{ ds }}"), pod.Variable("SECRET", None, "a secret")],
        do_xcom_push=True,
    )
    world = World()
    world.command("transform", ["{python}", program])
    done = rehearse(dag, world).task("transform")
    assert done.state == "success", done.log
    assert done.xcom()["args"] == ["--day", "2025-01-01"]
    assert "saw ['--day', '2025-01-01'] ['DAY']" in done.log
    assert done.stood_in == "transform"
    assert world.calls("transform")[0].kwargs["image"] == "shop/job:3"
    world.command("transform", f"python {program} first {{arguments}} last")
    assert rehearse(dag, world).task("transform").xcom()["args"] == ["first", "--day", "2025-01-01", "last"]


@pytest.mark.parametrize(("code", "state", "tries"), [("3", "failed", 2), ("42", "skipped", 1)])
def test_an_exit_code_is_the_pods(rehearse, pod, program, code, state, tries):
    dag = dag_of(pod.KubernetesPodOperator, image="i", env_vars={"CODE": code}, skip_on_exit_code=42)
    world = World()
    world.command("KubernetesPodOperator", ["python", program])
    done = rehearse(dag, world).task("transform")
    assert (done.state, done.try_number) == (state, tries)
    if state == "failed":
        assert done.error.message == f"python {program} ended with 3"


def test_a_program_that_there_is_not(rehearse, pod):
    world = World()
    world.command("transform", ["no-such-program"])
    done = rehearse(dag_of(pod.KubernetesPodOperator, image="i"), world).task("transform")
    assert (done.state, done.error.kind) == ("failed", "FileNotFoundError")


def test_a_shell_runs_it_in_its_own_way(rehearse, program, tmp_path):
    given = {"env": {"DAY": "{{ ds }}", "CODE": "{{ params.code }}"}, "append_env": True, "cwd": str(tmp_path)}
    dag = dag_of(BashOperator, bash_command="spark-submit job.py", params={"code": "0"}, **given)
    file = tmp_path / "world.yaml"
    file.write_text(f"commands:\n  BashOperator: [python, {program}, 'a b']\n")
    assert rehearse(dag, load(file)).task("transform").xcom() == "saw ['a b'] ['DAY']"
    assert rehearse(dag, load(file), params={"code": "99"}).task("transform").state == "skipped"
    failed = rehearse(dag, load(file), params={"code": "3"}).task("transform")
    assert (failed.state, failed.try_number) == ("failed", 2)
    assert "exit code 3" in failed.error.message


def test_a_decorated_shell(rehearse, program):
    with DAG("pods", schedule="@daily", start_date=START) as dag:

        @task.bash
        def transform(day):
            raise AssertionError("its own code")

        transform("{{ ds }}")
    world = World()
    world.command("transform", ["python", program, "x"])
    assert "saw ['x']" in rehearse(dag, world).task("transform").xcom()


@pytest.mark.parametrize("argv", [[], "", [""], [1], "a 'b"])
def test_what_is_no_command(argv):
    with pytest.raises(WorldError, match="command 'a'"):
        World().command("a", argv)
