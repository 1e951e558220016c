"""Options and actions are data that nobody changes; what changes while a simulation goes on is named here."""

from __future__ import annotations

from tests.unit.scheduler.plain_data import changeable


def test_what_may_be_changed_is_what_a_simulation_keeps_book_of() -> None:
    books = {"History", "RequestedBackfill", "ScheduledDag", "_Call", "_Listener"}
    assert changeable("harness.simulation") == books
