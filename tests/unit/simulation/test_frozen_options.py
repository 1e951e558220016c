"""Options and actions are data that nobody changes; what changes while a simulation goes on is named here."""

from __future__ import annotations

from tests.unit.scheduler.plain_data import by_identity, changeable, open_to_more


def test_what_may_be_changed_is_what_a_simulation_keeps_book_of() -> None:
    books = {"History", "RequestedBackfill", "ScheduledDag", "Writers", "_Call", "_Listener", "_Pool"}
    assert changeable("harness.simulation") == books


def test_what_is_kept_book_of_by_dag_or_call_is_itself_and_no_other() -> None:
    assert by_identity("harness.simulation") == {"ScheduledDag", "_Call", "_Listener"}


def test_only_options_are_open_to_attributes_that_they_do_not_have() -> None:
    assert open_to_more("harness.simulation") == {
        "Action", "CalendarOptions", "ReplayOptions", "RunOptions", "WhenOptions",
    }  # fmt: skip
