import joblib
import pandas as pd
import pytest
from include import survival


@pytest.fixture(autouse=True)
def folder(world, tmp_path):
    world.set_connection("warehouse", service="postgres", seed="fixtures/passengers.sql")
    world.set_variable("model_folder", str(tmp_path / "models"))
    return tmp_path / "models"


def test_a_good_model_is_deployed(run_dag, world, folder):
    result = run_dag("survival_model", "2025-01-02")
    assert result.ok
    metrics = result.task("train").xcom("metrics")
    assert 0.8 <= metrics["accuracy"] <= 1
    assert [result.task(name).state for name in ("deploy", "alert")] == ["success", "skipped"]
    assert world.webhook.messages == []
    model = joblib.load(folder / "current.joblib")
    woman, man = pd.DataFrame([[30, 130, 1, 1, 0], [30, 50, 3, 0, 0]], columns=survival.INPUTS).iterrows()
    assert [int(model.predict(one.to_frame().T)[0]) for _, one in (woman, man)] == [1, 0]


def test_a_poor_one_is_not_and_somebody_is_told(run_dag, world, folder):
    result = run_dag("survival_model", "2025-01-03")
    assert result.ok
    assert [result.task(name).state for name in ("deploy", "alert")] == ["skipped", "success"]
    (told,) = (message.json()["text"] for message in world.webhook.messages)
    assert told.startswith("the model of 2025-01-03 is right for ")
    assert sorted(file.name for file in folder.iterdir()) == ["features-2025-01-03.csv", "model-2025-01-03.joblib"]


def test_a_bad_day_leaves_the_model_of_the_day_before(replay, folder):
    result = replay("survival_model", since="2025-01-02", until="2025-01-03")
    assert result.ok
    assert [run.task("deploy").state for run in result.runs] == ["success", "skipped"]
    current = (folder / "current.joblib").read_bytes()
    assert current == (folder / "model-2025-01-02.joblib").read_bytes()


def test_no_age_is_left_unknown(run_dag, folder):
    run_dag("survival_model", "2025-01-02", only=["features"])
    table = pd.read_csv(folder / "features-2025-01-02.csv")
    assert (len(table), int(table.isna().sum().sum())) == (600, 0)


def test_a_model_folder_that_is_a_file_is_told(run_dag, folder):
    folder.write_text("")
    result = run_dag("survival_model", "2025-01-02")
    assert result.task("features").reason.startswith("FileExistsError")
    assert str(folder) in result.task("features").reason
    assert result.task("deploy").state == "upstream_failed"


def test_a_model_folder_where_nobody_may_write_is_told(run_dag, world):
    world.set_variable("model_folder", "/sys/models")  # not even root may
    result = run_dag("survival_model", "2025-01-02")
    assert "/sys/models" in result.task("features").reason
    assert [result.task(name).state for name in ("train", "deploy", "alert")] == ["upstream_failed"] * 3


def test_a_full_disk_leaves_the_deployed_model_alone(run_dag, world, folder):
    assert run_dag("survival_model", "2025-01-02").ok
    current = (folder / "current.joblib").read_bytes()
    world.fault("disk-full", "survival_model.train")
    result = run_dag("survival_model", "2025-01-02")
    assert "No space left on device" in result.task("train").reason
    assert (folder / "current.joblib").read_bytes() == current


def test_a_write_that_pandas_loses_is_found_though_the_forest_does_not_mind(run_dag, monkeypatch):
    def in_place(passengers):
        passengers["age"].fillna(passengers["age"].median(), inplace=True)  # wrote through until pandas 3
        passengers["is_female"], passengers["relatives"] = passengers["sex"] == "female", 0
        return passengers[["id", *survival.INPUTS, "survived"]]

    monkeypatch.setattr(survival, "features", in_place)
    result = run_dag("survival_model", "2025-01-02")
    assert result.state == "success"
    assert not result.ok
    (lost,) = result.errors
    assert (lost.check, lost.task_id) == ("lost-write", "features")
    assert lost.path.endswith("test_survival_model.py")
