"""What is made of the answers of a deployed Airflow; `tests/cli/importing` asks a real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.errors import ProductionUnavailable, UsageError
from harness.production.api import RestApi, SavedAnswers, pages, version
from harness.production.provided import Provided, add_durations, at_quantile, provided, rounded
from harness.production.runs import keep_run, without_secrets
from harness.world import World
from harness.world.file import with_sections


class Answers:
    """Answers of a test, in pages."""

    name = "https://airflow.example.com"

    def __init__(self, **items: list[dict[str, Any]]) -> None:
        self.items, self.asked = items, 0

    def get(self, path: str, **query: Any) -> Any:
        self.asked += 1
        last = path.rpartition("/")[2]
        name = {"taskInstances": "task_instances", "dagRuns": "dag_runs"}.get(last, last)
        return {name: self.items.get(name, [])[query["offset"] : query["offset"] + query["limit"]]}


@pytest.mark.parametrize(
    ("number", "most", "found", "asked"), [(250, None, 250, 3), (100, None, 100, 2), (250, 7, 7, 1)]
)
def test_pages_end_where_the_items_do(number: int, most: int | None, found: int, asked: int) -> None:
    answers = Answers(pools=[{"name": str(one)} for one in range(number)])
    assert len(list(pages(answers, "/pools", "pools", most))) == found
    assert answers.asked == asked


def test_a_quantile_lies_between_values() -> None:
    assert [at_quantile([4, 1, 3, 2], quantile) for quantile in (0, 0.5, 1)] == [1, 2.5, 4]
    assert [rounded(one) for one in (0.04, 3.14159, 61.7)] == [0.0, 3.1, 62]


def test_durations_are_of_the_latest_runs_alone_and_short_tasks_are_left_out() -> None:
    runs = [{"dag_run_id": name, "run_after": f"2025-01-0{day}"} for day, name in ((3, "new"), (2, "old"))]
    spans = [("new", "load", 20.0), ("old", "load", 40.0), ("manual", "load", 999.0), ("new", "quick", 0.01)]
    instances = [{"dag_run_id": run, "task_id": task, "duration": span} for run, task, span in spans]
    found = Provided()
    add_durations(found, Answers(dag_runs=runs, task_instances=instances), ["sales"], 2, 0.5)
    assert found.entries["durations"] == {"sales.load": (30, "seconds, median of 2")}


def test_durations_as_distributions_are_what_a_world_takes() -> None:
    runs = [{"dag_run_id": str(day), "run_after": f"2025-01-{day:02}"} for day in range(1, 12)]
    spans = [(day, "load", 10.0 * day) for day in range(1, 12)] + [(day, "quick", 0.01) for day in range(1, 12)]
    spans += [(day, "steady", 30.0) for day in range(1, 12)]
    instances = [{"dag_run_id": str(run), "task_id": task, "duration": span} for run, task, span in spans]
    found = Provided()
    add_durations(found, Answers(dag_runs=runs, task_instances=instances), ["sales"], 20, 0.5, (50.0, 90.0, 99.9))
    assert found.entries["durations"] == {
        "sales.load": ({"p50": 60, "p90": 100, "p99.9": 110}, "seconds, percentiles of 11"),
        "sales.steady": (30, "seconds, always, in each of 11"),
    }
    world = yaml.safe_load(found.text("production", "3.3.2"))
    lived = with_sections(World(), world, Path(), "production.yaml", 1)
    assert lived.durations["sales.load"].at(0.9) == 100_000_000  # type: ignore[union-attr]


def test_what_is_a_secret_by_its_name_or_its_form_is_written_nowhere() -> None:
    rows = [
        {"connection_id": "a", "conn_type": "http", "host": "https://u:sesame1@h", "login": "u", "password": "***"},
        {"connection_id": "b", "conn_type": None, "host": "h", "extra": "{}"},
    ]
    variables = [{"key": "db_password", "value": "sesame2"}, {"key": "plain", "value": '{"token": "sesame3", "n": 1}'}]
    found = provided(Answers(connections=rows, variables=variables), True, {})
    assert found.entries["connections"]["b"] == ({"conn_type": "generic", "host": "h"}, "")
    assert found.entries["connections"]["a"][1] == "not copied: login, password, host"
    assert "sesame" not in found.text("s", "3.3.2")
    shown = without_secrets({"rows": [{"api_key": "sesame4", "n": 1}], "token": "", "url": "x"})
    assert shown == {"rows": [{"api_key": "***", "n": 1}], "token": "", "url": "x"}


def test_a_field_that_an_answer_lacks_is_named_with_the_answer(tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    path = "/dags/sales/dagRuns/r1"
    run = {"dag_run_id": "r1", "run_after": "2025-01-02T00:00:00Z", "conf": {"depth": [{"n": 1}]}}
    saved = {"/version": {"version": "3.3.2"}, path: run, f"{path}/taskInstances?limit=100&offset=0": {"items": []}}
    file.write_text(json.dumps({"source": "https://airflow.example.com", "answers": saved}))
    answers = SavedAnswers(file)
    assert answers.get(path) == run
    with pytest.raises(ProductionUnavailable, match=f"answers.json answers {path} without 'start_date'") as refused:
        answers.get(path)["start_date"]
    assert refused.value.known == "dag_run_id, run_after, conf"
    with pytest.raises(ProductionUnavailable, match="without 'm'"):
        answers.get(path)["conf"]["depth"][0]["m"]
    assert answers.get(path)["conf"].get("m") is None
    with pytest.raises(ProductionUnavailable, match="taskInstances without 'task_instances'"):
        keep_run(answers, "3.3.2", "sales", "r1", tmp_path / "ledger")


def test_an_address_is_one_of_the_web_and_another_version_is_refused() -> None:
    with pytest.raises(UsageError):
        RestApi("airflow.example.com", None)
    api = RestApi("https://me:sesame@airflow.example.com/prod/api/v2/?token=sesame", None)
    assert api.name == "https://airflow.example.com/prod"
    api.close()

    class Old:
        name = "https://old.example.com"

        def get(self, path: str, **query: Any) -> Any:
            return {"version": "2.10.5"}

    with pytest.raises(ProductionUnavailable, match=r"is no Airflow 3: it says 2\.10\.5"):
        version(Old())
