"""``import`` against a real Airflow's API server: a world of it, a run of it that is run again here, and refusals."""

import json
import re

import pytest
import yaml

from tests.cli.project import Project
from tests.repo.schemas import faults

from .conftest import DAG, FEED

pytestmark = pytest.mark.gate


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The repository of production's Dag."""
    project = Project(tmp_path_factory.mktemp("shop"))
    project.write("dags/sales.py", DAG)
    project.write("dags/feed.py", FEED)
    return project


@pytest.fixture(scope="module")
def ask(shop, production):
    """``ask(…)``: the command as the administrator, or without whom one names."""

    def run(*arguments, user="admin", url=None, **more):
        env = {"AIRFLOW_API_TOKEN": production.tokens[user]} if user else {}
        return shop("import", url or production.url, *arguments, **env, **more)

    return run


@pytest.fixture(scope="module")
def friday(ask, shop):
    """A ledger of the run that was in production."""
    told = ask("--run", "sales", "nobody")
    assert told.code == 3
    (run_id,) = re.findall(r"manual__\S+", told.err)
    answer = ask("--run", "sales", run_id, "--keep", "friday")
    assert answer.code == 0, answer.err
    assert "6 task instances, 6 XComs" in answer.out
    return run_id


def test_a_world_like_production_without_a_secret(ask, shop):
    before = shop.fingerprint()
    answer = ask()
    assert answer.code == 0, answer.err
    text = (shop.folder / "fixtures" / "world.yaml").read_text()
    world = yaml.safe_load(text)
    assert world["pools"] == {"etl": {"slots": 5, "include_deferred": True}}
    where = {"conn_type": "postgres", "host": "db.example.com", "port": 5432, "schema": "dw"}
    assert world["connections"] == {"warehouse": where, "chat": {"conn_type": "slackwebhook"}}
    assert len(world["variables"]) == 152
    assert set(world["variables"].values()) == {""}
    assert all(name.startswith("sales.") and 0 < span < 100 for name, span in world.get("durations", {}).items())
    assert "sesame" not in text + answer.out + answer.err
    assert shop("run", "sales", "--only", "days").code == 0
    assert shop.fingerprint() == before


def test_beside_a_world_that_is_there_and_with_values(ask, shop):
    shop.write("fixtures/world.yaml", "pools: {own: 1}\ninclude: [{world: production.yaml}]\n")
    first = ask("--values", "--quantile", "0.95")
    assert first.code == 0, first.err
    assert "include: [{world: production.yaml}]" in first.out
    world = yaml.safe_load((shop.folder / "fixtures" / "production.yaml").read_text())
    assert (world["variables"]["region"], world["variables"]["api_token"]) == ("eu", "")
    assert shop("run", "sales", "--only", "days").code == 0
    again = ask()
    assert (again.code, "is there already" in again.err) == (2, True)
    assert ask("--force").code == 0


def test_a_run_of_production_is_run_again_from_any_task(friday, shop):
    records = [json.loads(line) for line in (shop.folder / "friday" / "journal.jsonl").open()]
    assert [fault for record in records for fault in faults("journal", record)] == []
    assert records[0]["source"].startswith("http://127.0.0.1:")
    assert "sesame" not in json.dumps(records)
    assert shop("ledger", "verify", "friday").code == 0
    last = shop.ask("run", "sales", "--from-ledger", "friday", "--from-task", "total", "--json")
    more = shop.ask("run", "sales", "--from-ledger", "friday", "--from-task", "load", "--json")
    for answer, tasks in ((last, ["total"]), (more, ["load", "load", "load", "total"])):
        run = json.loads(answer.result().out)
        assert (run["run_id"], run["run_type"], run["logical_date"]) == (friday, "manual", "2025-01-02T00:00:00Z")
        assert [ti["task_id"] for ti in run["task_instances"]] == tasks
        assert run["task_instances"][-1]["xcoms"]["return_value"] == [18, "Lyon", "2025-01-03"]
    states = shop("sql", "friday", "select distinct state from task_instances", "--format", "csv")
    assert states.out == "state\nsuccess\n"


def test_a_run_of_production_is_replayed_as_it_was(friday, shop):
    answer = shop("replay", "sales", "--from-ledger", "friday", "--keep", "saturday")
    assert answer.code == 0, answer.out + answer.err
    assert "alike: 1 run compared" in answer.out
    asked = "select sum(duration_s) > 0 as lasted, count(*) as n from task_instances"
    assert shop("sql", "saturday", asked, "--format", "csv").out == "lasted,n\nTrue,6\n"


@pytest.fixture(scope="module")
def outage(ask, shop):
    """A ledger of the run that failed in production."""
    (run_id,) = re.findall(r"manual__\S+", ask("--run", "feed", "nobody").err)
    answer = ask("--run", "feed", run_id, "--keep", "outage")
    assert answer.code == 0, answer.err
    return run_id


def test_an_incident_fails_here_where_it_failed_there(outage, shop):
    answer = shop("replay", "feed", "--from-ledger", "outage", "--run", outage, "--keep", "again")
    assert answer.code == 0, answer.out + answer.err
    asked = "select task_id, map_index, state, try_number from task_instances order by all"
    both = [shop("sql", name, asked, "--format", "csv").out for name in ("outage", "again")]
    assert both[0] == both[1]
    assert "check,-1,failed,1" in both[0]
    assert "fetch,1,success,2" in both[0]


def test_a_mended_incident_says_what_becomes_of_it(outage, shop):
    answer = shop("replay", "feed", "--from-ledger", "outage", "--own-outcomes", "--json")
    assert answer.code == 1, answer.err
    changes = [
        (one["subject"], one["samples"][0]) for area in json.loads(answer.out)["areas"] for one in area["changes"]
    ]
    assert {(subject, one["a"], one["b"]) for subject, one in changes} == {
        ("feed", "failed", "success"),
        ("feed.check", None, "2"),
        ("feed.check", "failed", "success"),
        ("feed.fetch", "2", "1"),
    }


def test_a_ledger_of_our_own_serves_as_well_and_what_it_has_not_is_said(friday, shop):
    assert shop("run", "sales", "--logical-date", "2025-01-05", "--param", "city=Rome", "--keep", "ours").code == 0
    run = json.loads(shop("run", "sales", "--from-ledger", "ours", "--from-task", "total", "--json").out)
    assert run["task_instances"][0]["xcoms"]["return_value"][1] == "Rome"
    for arguments, said in (
        (("--from-ledger", "nowhere"), "there is no ledger 'nowhere'"),
        (("--from-ledger", "friday", "--logical-date", "2025-02-01"), "has no run of 'sales' of 2025-02-01"),
        (("--from-ledger", "friday", "--manual"), "--from-ledger takes the id of a Dag"),
    ):
        answer = shop("run", "sales", *arguments)
        assert (answer.code, said in answer.err) == (2, True), answer.err


def test_answers_that_were_saved_are_read_where_production_is_not_reached(ask, shop):
    saved = ask("--save", "answers.json", "--world", "one.yaml")
    assert saved.code == 0, saved.err
    assert shop("import", "answers.json", "--world", "two.yaml").code == 0
    one, two = ((shop.folder / name).read_text() for name in ("one.yaml", "two.yaml"))
    assert one == two
    later = shop("import", "answers.json", "--run", "sales", "r")
    assert (later.code, "was not asked for" in later.err) == (3, True), later.err


def test_each_refusal_is_one_clear_error_without_the_token(ask, shop, production):
    secret = production.url.replace("http://", "http://me:sesame5@")
    world = ("--world", "never.yaml")
    for answer, said in (
        (ask(*world, user=None), "does not know who asks (401)"),
        (ask(*world, user=None, url=secret), "does not know who asks (401)"),
        (ask(*world, user=None, url="http://127.0.0.1:1"), "does not answer"),
        (ask("--run", "sales", "nobody"), "has no run 'nobody'"),
        (ask("--run", "slaes", "nobody"), "did you mean 'sales'?"),
        (ask(*world, url=f"{production.url}/nowhere"), "is no Airflow 3"),
    ):
        assert (answer.code, said in answer.err) == (3, True), answer.err
        assert "sesame" not in answer.err + answer.out
        assert production.tokens["admin"] not in answer.err + answer.out
    assert ask(url="ftp://x").code == 2


def test_what_a_user_may_not_read_is_left_out_and_said(ask, shop):
    answer = ask("--world", "viewer.yaml", user="viewer")
    assert answer.code == 0, answer.err
    assert "connections are left out" in answer.out
    assert "warehouse" not in (shop.folder / "viewer.yaml").read_text()
