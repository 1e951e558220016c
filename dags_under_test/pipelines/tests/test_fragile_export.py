from datetime import timedelta
from itertools import pairwise

import pytest


@pytest.fixture
def api(world):
    return world.http("rates_api")


def told(world):
    """Subjects of mails, and what the channel has."""
    return [mail["subject"] for mail in world.smtp.outbox], [one.json()["text"] for one in world.webhook.messages]


@pytest.mark.parametrize(
    ("day", "waits_s"),
    [("2025-01-02", [510, 1193, 1237, 1800]), ("2025-01-03", [400, 756, 1701, 1800])],
)
def test_it_is_tried_later_and_later_and_then_people_are_told(run_dag, world, api, day, waits_s):
    api.answer("POST /export", {"status": 500})
    result = run_dag("fragile_export", day)
    assert result.state == "failed"
    starts = [attempt.start_date for attempt in result.task("export").attempts]
    assert [(later - earlier).total_seconds() for earlier, later in pairwise(starts)] == waits_s
    assert told(world) == ([f"export of {day} failed"], [f"export of {day} gave up at try 5"])
    (mail,) = world.smtp.outbox
    assert mail.body.strip() == "after 5 tries"
    assert mail.at == result.end_date == result.start_date + timedelta(seconds=sum(waits_s))


def test_people_are_told_when_it_is_well_again(run_dag, world, api):
    api.answer("POST /export", {"status": 500}, {"status": 200})
    assert run_dag("fragile_export", "2025-01-02").ok
    assert told(world) == (["export of 2025-01-02 is well"], ["export of 2025-01-02 is well again"])


def test_good_days_are_no_news(replay, world, api):
    api.answer("POST /export", {"status": 200})
    assert replay("fragile_export", since="2025-01-01", until="3d").ok
    assert told(world) == ([], [])
    assert len(api.requests) == 3


def test_a_mail_server_that_is_down_when_it_matters_is_told(run_dag, world, api):
    api.answer("POST /export", {"status": 500})
    world.fault("down", connection="smtp_default", at="+0s", lasts="1d")
    result = run_dag("fragile_export", "2025-01-02")
    assert [error.check for error in result.errors] == ["callback"]
    assert "refused" in result.errors[0].message.lower()
    assert told(world) == ([], ["export of 2025-01-02 gave up at try 5"])  # the channel hears of it all the same
