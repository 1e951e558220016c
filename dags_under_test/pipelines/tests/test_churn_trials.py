from datetime import timedelta

import pytest


@pytest.fixture(autouse=True)
def spark_home(world, tmp_path):
    """MLflow looks for a session of Spark, whose client ends the process where it has no home."""
    world.set_env("SPARK_HOME", str(tmp_path))


@pytest.fixture
def store(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where models are kept, beside the store
    world.set_env("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    for name, value in world.env.items():  # of the test's own client, too
        monkeypatch.setenv(name, value)
    import mlflow

    return mlflow


def test_what_is_tried_is_recorded_and_the_best_is_named(replay, store):
    result = replay("churn_trials", since="2025-01-02", until="2025-01-03")
    assert result.ok
    recorded = store.search_runs(experiment_names=["churn"], output_format="list")
    assert {(one.data.params["day"], one.data.params["strength"]) for one in recorded} == {
        (day, strength) for day in ("2025-01-02", "2025-01-03") for strength in ("1", "20", "4000")
    }
    for run in result.runs:
        day = run.logical_date.date().isoformat()
        scores = {one.info.run_id: one.data.metrics["accuracy"] for one in recorded if one.data.params["day"] == day}
        assert sorted(scores.values()) == sorted(ti.xcom() for ti in run.tasks("trial"))
        assert scores[run.task("best").xcom()["run_id"]] == max(scores.values())


def test_the_model_that_was_recorded_can_be_asked(run_dag, store):
    best = run_dag("churn_trials", "2025-01-02").task("best").xcom()
    recorded = store.get_run(best["run_id"])
    assert recorded.info.start_time == 1735776000000  # the run's own time
    (kept,) = recorded.outputs.model_outputs
    model = store.sklearn.load_model(f"models:/{kept.model_id}")
    assert model.get_params()["C"] == 1 / best["strength"]


def test_a_tracking_server_that_is_down_is_waited_for_and_told(run_dag, world):
    world.set_connection("mlflow", service="http")
    world.set_env("MLFLOW_TRACKING_URI", world.http("mlflow").url)
    world.fault("down", connection="mlflow")
    result = run_dag("churn_trials", "2025-01-02")
    assert [ti.state for ti in result.tasks("trial")] == ["failed"] * 3
    trial = result.task("trial", 0)
    assert (trial.try_number, trial.error.kind) == (3, "MlflowException")
    assert "Max retries exceeded" in trial.reason
    assert trial.end_date - result.start_date >= timedelta(minutes=20)
    assert result.task("best").state == "upstream_failed"
