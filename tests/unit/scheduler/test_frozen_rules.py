"""Dags, tasks and rules are data that nobody changes; what changes while a run goes on is named here."""

from __future__ import annotations

from dataclasses import fields

from harness.scheduler.model import Dag, DagRun, TaskInstance
from tests.unit.scheduler.plain_data import by_identity, changeable, open_to_more, ordered

STATE = {"DagCalendar", "DagRun", "Deadline", "Limits", "TaskInstance"}
"""Of a simulation that goes on."""

RESULTS = {"Admission", "Decision", "Expansion", "Occupancy", "Pass", "RunOutcome", "UpstreamStates"}
"""Filled step by step, within one decision."""


def test_what_may_be_changed_is_the_state_of_a_simulation_and_a_decision_being_made() -> None:
    assert changeable("harness.scheduler") == STATE | RESULTS


def test_what_has_a_state_is_itself_and_no_other() -> None:
    assert by_identity("harness.scheduler") == {"DagCalendar", "DagRun", "Deadline", "TaskInstance"}


def test_events_of_assets_are_sorted_and_nothing_takes_an_attribute_that_it_does_not_have() -> None:
    assert ordered("harness.scheduler") == {"QueuedEvent"}
    assert open_to_more("harness.scheduler") == set()


def test_what_hangs_on_a_dag_a_run_or_an_instance_is_not_printed_with_it() -> None:
    left_out = {of: {field.name for field in fields(of) if not field.repr} for of in (Dag, DagRun, TaskInstance)}
    assert left_out == {
        Dag: {"derived"},
        DagRun: {"previous", "next", "task_instances", "deadlines", "memory", "extra", "fetch"},
        TaskInstance: {"run", "extra", "seen"},
    }


def test_what_the_rules_keep_of_a_dag_makes_it_no_other_and_is_nobodys_to_give() -> None:
    (derived,) = (field for field in fields(Dag) if field.name == "derived")
    assert (derived.init, derived.compare) == (False, False)
