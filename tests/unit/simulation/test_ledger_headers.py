"""What the first record of a ledger says of the simulation, so that it can be had again."""

from __future__ import annotations

from datetime import datetime, timezone

from harness.simulation.actions import backfill_of
from harness.simulation.ledger_facts import facts_of_calendar
from harness.simulation.options import Action, CalendarOptions

FIRST, SECOND = (datetime(2025, 1, day, tzinfo=timezone.utc) for day in (1, 2))


def test_a_backfill_stands_in_it_with_all_that_was_asked_and_what_a_person_does_without() -> None:
    asked = backfill_of({"from": "2025-01-01", "to": "2025-01-02", "max_active_runs": 3})
    actions = (Action(FIRST, "pause", "sales"), Action(SECOND, "backfill", "sales", backfill=asked))
    paused, filled = facts_of_calendar(CalendarOptions(FIRST, SECOND, actions=actions))["actions"]
    assert paused == {"at": "2025-01-01T00:00:00Z", "verb": "pause", "dag_id": "sales", "task_id": None}
    told = filled["backfill"]
    assert (told["from"], told["to"], told["max_active_runs"]) == ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", 3)
    assert "from_date" not in told
