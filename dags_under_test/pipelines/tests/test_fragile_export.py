from datetime import timedelta
from itertools import pairwise


def test_it_is_tried_later_and_later_and_then_people_are_told(run_dag, world):
    world.http("rates_api").answer("POST /export", {"status": 500})
    result = run_dag("fragile_export", "2025-01-02")
    assert result.state == "failed"
    starts = [attempt.start_date for attempt in result.task("export").attempts]
    waits = [later - earlier for earlier, later in pairwise(starts)]
    assert len(waits) == 4
    assert all(timedelta(minutes=5) <= wait <= timedelta(minutes=30) for wait in waits)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=30)
    (mail,) = world.smtp.outbox
    assert (mail["subject"], mail.body.strip()) == ("export of 2025-01-02 failed", "after 5 tries")
    assert mail.at == result.end_date
    assert [message.json()["text"] for message in world.webhook.messages] == ["export of 2025-01-02 gave up"]


def test_people_are_told_when_it_is_well_again(run_dag, world):
    world.http("rates_api").answer("POST /export", {"status": 500}, {"status": 200})
    assert run_dag("fragile_export", "2025-01-02").ok
    assert world.smtp.outbox == []
    assert [message.json()["text"] for message in world.webhook.messages] == ["export of 2025-01-02 is well again"]


def test_a_good_day_is_no_news(run_dag, world):
    world.http("rates_api").answer("POST /export", {"status": 200})
    assert run_dag("fragile_export", "2025-01-02").ok
    assert (world.smtp.outbox, world.webhook.messages) == ([], [])


def test_a_mail_server_that_is_down_when_it_matters_is_told(run_dag, world):
    world.http("rates_api").answer("POST /export", {"status": 500})
    world.fault("down", connection="smtp_default", at="+0s", lasts="1d")
    result = run_dag("fragile_export", "2025-01-02")
    assert [error.check for error in result.errors] == ["callback"]
    assert "refused" in result.errors[0].message.lower()
