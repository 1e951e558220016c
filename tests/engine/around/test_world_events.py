"""``world.at``: what happens around the Dags at an instant, in a run and in a calendar."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, Asset, Variable, task

from harness.errors import WorldError
from harness.world import World
from harness.world.around import AssetUpdated, WorldEvent, read_when

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def waits(hours=2, dag_id="waits"):
    with DAG(dag_id, schedule="@daily", start_date=START) as dag:

        @task
        def look():
            found = [Variable.get("region", "none")]
            for _ in range(hours):
                time.sleep(3600)
                found.append(Variable.get("region", "none"))
            return found

        look()
    return dag


def test_a_function_is_called_at_its_instant_after_the_beginning(rehearse):
    world, seen = World(), []

    def change():
        seen.append(datetime.now(timezone.utc))
        world.set_variable("region", "eu")

    world.at("+1h30m", change)
    result = rehearse(waits(), world)
    assert result.task("look").xcom() == ["none", "none", "eu"]
    [happened] = result.world_events
    assert (happened.at, happened.kind, happened.happened) == (seen[0], "event", True)
    assert seen[0] - result.run_after == timedelta(minutes=90)
    assert happened.where.startswith(f"{__file__}:")


def test_what_happens_at_an_instant_comes_before_what_tasks_and_the_scheduler_do_at_it(rehearse):
    world = World()
    world.at("+1h", lambda: world.set_variable("region", "first"))
    world.at("+1h", lambda: world.set_variable("region", world.variables["region"] + ", second"))
    assert rehearse(waits(), world).task("look").xcom() == ["none", "first, second", "first, second"]


@pytest.mark.parametrize("when", ["2025-01-01T01:00", "2025-01-01T02:00+01:00", datetime(2025, 1, 1, 1)])
def test_an_instant_may_be_a_date(rehearse, when):
    world = World()
    world.at(when, lambda: world.set_variable("region", "eu"))
    result = rehearse(waits(), world, logical_date="2025-01-01")
    assert result.task("look").xcom() == ["none", "eu", "eu"]


def test_what_lies_before_the_beginning_has_happened(rehearse):
    world = World()
    world.at("2024-05-01", lambda: world.set_variable("region", "old"))
    result = rehearse(waits(0), world)
    assert result.task("look").xcom() == ["old"]
    assert result.world_events[0].at == result.run_after


def test_what_would_come_after_the_run_has_ended_is_told_and_does_not_happen(rehearse):
    world, seen = World(), []
    world.at("+5h", lambda: seen.append("late"))
    result = rehearse(waits(), world)
    assert (result.state, seen) == ("success", [])
    assert [one.happened for one in result.world_events] == [False]
    [finding] = result.findings
    assert (finding.check, finding.severity) == ("world-event", "warning")
    assert "the run had ended before" in finding.message
    assert finding.path == __file__


def test_a_function_may_wait(rehearse):
    world = World()

    def slowly():
        time.sleep(3000)
        world.set_variable("region", "eu")

    world.at("+20m", slowly)
    assert rehearse(waits(), world).task("look").xcom() == ["none", "none", "eu"]


def test_what_a_function_raises_ends_the_simulation_with_its_place(rehearse):
    world = World()

    def breaks():
        raise ValueError("no such table")

    world.at("+1h", breaks)
    with pytest.raises(WorldError, match="breaks at 2025-01-01T01:00:00Z: ValueError: no such table") as caught:
        rehearse(waits(), world, logical_date="2025-01-01")
    assert caught.value.where.startswith(f"{__file__}:")
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize("when", ["soon", "1h", "+soon", None, -1, "1960-01-01"])
def test_what_is_no_time_is_refused(when):
    with pytest.raises(WorldError, match="at must be a time"):
        World().at(when, print)


def consumer():
    with DAG("consumer", schedule=[Asset("orders", uri="s3://shop/orders")], start_date=START) as dag:

        @task
        def read(triggering_asset_events=None):
            return [event.extra for events in triggering_asset_events.values() for event in events]

        read()
    return dag


def updated(when, **asset):
    effect = AssetUpdated(asset.get("name"), asset.get("uri"), {"rows": 3})
    return WorldEvent(read_when(when), effect, "an asset is updated", "world.yaml:3")


@pytest.mark.parametrize("asset", [{"name": "orders"}, {"uri": "s3://shop/orders"}])
def test_an_asset_that_is_updated_from_outside_starts_the_dags_that_wait_for_it(calendar, asset):
    """As ``create_asset_event`` of the REST API does: the extra says that it came that way."""
    world = World()
    world.events.append(updated("+6h", **asset))
    result = calendar("2025-01-01", "2025-01-02", consumer(), world=world)
    [run] = result.runs_of("consumer")
    assert run.run_after == START + timedelta(hours=6)
    assert run.task("read").xcom() == [{"rows": 3, "from_rest_api": True}]


def test_an_asset_that_no_dag_names_is_refused_before_anything_runs(calendar):
    world = World()
    world.events.append(updated("+6h", name="ordres"))
    with pytest.raises(WorldError, match="no Dag names the asset 'ordres'") as caught:
        calendar("2025-01-01", "2025-01-02", consumer(), world=world)
    assert caught.value.where == "world.yaml:3"
    assert "orders" in caught.value.known


def test_events_and_actions_stand_in_one_line_of_time(calendar):
    world = World()
    world.at("+1h", lambda: world.set_variable("region", "eu"))
    world.at("+3d", print)
    actions = ["2025-01-01T00:30Z trigger waits"]
    result = calendar("2025-01-01", "2025-01-02", waits(), world=world, actions=actions, dag_ids=("waits",))
    told = [(one.kind, one.what.rpartition(".")[2], one.happened) for one in result.world_events]
    assert told == [("action", "trigger waits", True), ("event", "<lambda>", True), ("event", "print", False)]
    assert [finding.check for finding in result.findings] == ["world-event"]


def test_each_simulation_has_them_anew_and_the_ledger_has_them(rehearse, tmp_path):
    world = World()
    world.at("+1h", lambda: world.set_variable("region", "eu"))
    first, second = (rehearse(waits(), world, keep=tmp_path / name) for name in ("a", "b"))
    assert len(first.world_events) == len(second.world_events) == 1
    records = [json.loads(line) for line in (tmp_path / "a" / "journal.jsonl").read_text().splitlines()]
    [told] = [record for record in records if record["kind"] == "world-event"]
    assert told["happened"] == "event"
