from datetime import timedelta

import pytest


@pytest.fixture
def payments(world, tmp_path):
    (tmp_path / "2025-01-02.csv").write_text("id,amount\n1,10\n2,900\n3,20\n")
    (tmp_path / "2025-01-03.csv").write_text("id,amount\n4,10\n5,10\n")
    world.set_variable("payments", str(tmp_path))
    world.command("fraud_scores.score", ["{python}", "{repo}/include/jobs/scores.py"])
    return tmp_path


def test_the_containers_program_runs_on_this_machine(replay, world, payments):
    result = replay("fraud_scores", since="2025-01-02", until="2025-01-03")
    assert result.ok
    assert [run.task("score").xcom() for run in result.runs] == [
        {"payments": 3, "suspicious": [2]},
        {"payments": 2, "suspicious": [4, 5]},
    ]
    told = [message.json()["text"] for message in world.webhook.messages]
    assert told == ["2025-01-02: look at payments [2]", "2025-01-03: look at payments [4, 5]"]


def test_the_pod_is_as_kubernetes_would_get_it(run_dag, world, payments):
    assert run_dag("fraud_scores", "2025-01-02").ok
    (pod,) = (call.kwargs for call in world.calls("score"))
    assert (pod["image"], pod["namespace"]) == ("registry.example.com/fraud/scores:2.3", "scoring")
    assert pod["cmds"] == ["python", "/app/scores.py"]
    assert pod["arguments"] == ["--day", "2025-01-02", "--threshold", "0.5"]


def test_a_container_that_ends_with_another_code_than_0_fails_its_task(run_dag, payments):
    result = run_dag("fraud_scores", "2025-01-04")
    score = result.task("score")
    assert (score.state, score.try_number) == ("failed", 2)
    assert score.reason.endswith("scores.py --day 2025-01-04 --threshold 0.5 ended with 3")
    assert "no payments of 2025-01-04" in score.log
    assert score.end_date - result.start_date == timedelta(minutes=10)
    assert result.task("tell").state == "upstream_failed"


def test_the_pod_is_stood_in(run_dag, world):
    world.set_variable("payments", "/payments")
    world.stub("fraud_scores.score", returns={"payments": 9, "suspicious": []}, takes="25m")
    result = run_dag("fraud_scores", "2025-01-02")
    assert result.ok
    assert world.webhook.messages == []
