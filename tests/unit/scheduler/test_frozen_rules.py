"""Dags, tasks and rules are data that nobody changes; what changes while a run goes on is named here."""

from __future__ import annotations

from tests.unit.scheduler.plain_data import changeable

STATE = {"DagCalendar", "DagRun", "Deadline", "Limits", "TaskInstance"}
"""Of a simulation that goes on."""

RESULTS = {"Admission", "Decision", "Expansion", "Occupancy", "Pass", "RunOutcome", "UpstreamStates"}
"""Filled step by step, within one decision."""


def test_what_may_be_changed_is_the_state_of_a_simulation_and_a_decision_being_made() -> None:
    assert changeable("harness.scheduler") == STATE | RESULTS
