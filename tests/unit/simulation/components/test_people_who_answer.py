"""Tasks that ask people: answered as the world scripts it, by defaults when the time is over, or not at all."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from simulation_builders import Act, Play

from harness.bridge.supervisor.store import ti_id
from harness.kernel import SECOND
from harness.kernel.instant import to_datetime
from harness.scheduler.model import TaskInstance
from harness.simulation.components.people import NO_ANSWER
from tests.unit.scheduler.scheduler_builders import NOW, dag, task, ti


def asks(
    play: Play,
    monkeypatch: pytest.MonkeyPatch,
    timeout_s: float | None = None,
    defaults: list[str] | None = None,
    before_s: int = 0,
) -> TaskInstance:
    """A task that asks after so many seconds whether to publish, and is parked at once."""
    message = SimpleNamespace(
        timeout=None if timeout_s is None else timedelta(seconds=timeout_s),
        next_method="answered",
        next_kwargs={"kept": 1},
    )
    play.acts["a"] = [Act(before_s, "awaiting_input", message), Act(0)]
    one = ti(play.add(dag(task("a"))), "a")
    plain = play.driver.attempts.people.park

    def park(ti: TaskInstance, told: Any) -> None:
        params = {"n": {"value": 3, "schema": {}}, "plain": 4, "odd": {"other": 5}}
        request = SimpleNamespace(
            ti_id=ti_id(ti), subject="Publish?", options=["yes", "no"], defaults=defaults, params=params
        )
        play.store.hitl[ti_id(ti)] = {"request": request}
        play.driver.attempts.people.asked(ti, request)
        plain(ti, told)

    monkeypatch.setattr(play.driver.attempts.people, "park", park)
    return one


def event(play: Play) -> Any:
    """What the task is told when it goes on."""
    resume = play.requests[-1].resume
    assert resume is not None
    assert (resume.method, resume.kwargs["kept"]) == ("answered", 1)
    return resume.kwargs["event"]


def test_an_answer_comes_in_its_own_time(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    play.store.world.answer("d.a", "yes", after="30m", by="anna", params={"n": 7})
    one = asks(play, monkeypatch, timeout_s=7200)
    play.until(1799)
    assert one.state == "awaiting_input"
    assert one.reason == "waits for a person's answer to 'Publish?'"
    assert play.driver.attempts.people.will_go_on(one)
    play.until()
    assert (one.state, one.end) == ("success", NOW + 1800 * SECOND)
    assert event(play) == {
        "chosen_options": ["yes"],
        "params_input": {"n": 7},
        "responded_at": to_datetime(NOW + 1800 * SECOND),
        "responded_by_user": {"id": "anna", "name": "anna"},
        "timedout": False,
    }


def test_one_that_is_there_already_is_taken_at_once(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    one = asks(play, monkeypatch)
    plain = play.driver.attempts.people.park

    def answered(ti: TaskInstance, told: Any) -> None:
        play.store.hitl.setdefault(ti_id(ti), {})
        plain(ti, told)

    monkeypatch.setattr(play.driver.attempts.people, "_response", lambda ti: {
        "chosen_options": ["no"], "params_input": {}, "at": to_datetime(NOW)})  # fmt: skip
    monkeypatch.setattr(play.driver.attempts.people, "park", answered)
    play.until()
    assert (one.state, one.end) == ("success", NOW)
    assert event(play)["chosen_options"] == ["no"]
    assert event(play)["responded_by_user"] is None
    assert event(play)["timedout"] is False


def test_when_the_time_is_over_the_task_is_told_so(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    one = asks(play, monkeypatch, timeout_s=60)
    play.until()
    assert one.end == NOW + 60 * SECOND
    assert event(play) == {"error": NO_ANSWER, "error_type": "timeout"}


def test_or_its_defaults_answer(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    asks(play, monkeypatch, timeout_s=60, defaults=["no"])
    play.until()
    told = event(play)
    assert (told["chosen_options"], told["timedout"], told["responded_by_user"]) == (["no"], True, None)
    assert told["params_input"] == {"n": 3, "plain": 4, "odd": {"other": 5}}


def test_an_answer_in_time_leaves_nothing_to_time_out(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    play.store.world.answer("d.a", "yes", after="10s")
    one = asks(play, monkeypatch, timeout_s=60)
    play.until()
    assert (one.end, len(play.requests)) == (NOW + 10 * SECOND, 2)


def test_one_that_comes_too_late_changes_nothing(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    play.store.world.answer("d.a", "yes", after="90s")
    one = asks(play, monkeypatch, timeout_s=60)
    play.until()
    assert (one.end, len(play.requests)) == (NOW + 60 * SECOND, 2)


def test_where_nobody_answers_it_is_told_how_somebody_may(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    one = asks(play, monkeypatch)
    play.until()
    assert one.state == "awaiting_input"
    assert one.reason == ("waits for a person's answer to 'Publish?' (yes, no); nobody answers: give answers: {d.a: …}")
    assert not play.driver.attempts.people.will_go_on(one)


def test_who_was_stopped_is_not_answered(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    play.store.world.answer("d.a", "yes", after="30s")
    one = asks(play, monkeypatch)
    play.until(10)
    play.driver.attempts.stop(one)
    assert not play.driver.attempts.people.will_go_on(one)
    play.until()
    assert (one.state, len(play.requests)) == ("awaiting_input", 1)
