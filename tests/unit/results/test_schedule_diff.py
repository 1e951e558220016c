"""What another version of a folder does to the runs of its schedules."""

from __future__ import annotations

from datetime import datetime, timezone

from harness.results.schedule import DagSchedule, DatedRun, FolderSchedule
from harness.results.schedule_diff import differences


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-03-{text}").replace(tzinfo=timezone.utc)


def dag(dag_id: str, *moments: str, schedule: str = "s", zone: str = "UTC", when: str | None = None) -> DagSchedule:
    runs = tuple(DatedRun(f"r{one}", None, at(one)) for one in moments)
    return DagSchedule(dag_id, "dags/d.py", schedule, zone, runs, when)


def told(before: list[DagSchedule], after: list[DagSchedule]) -> list[tuple[str, str]]:
    folder = FolderSchedule(at("01"), at("31"), tuple(after))
    found = differences(before, folder, "main", "c0ffee")
    moments = [(one.kind, one.before, one.after) for one in found.runs]
    return [(kind, " → ".join(f"{moment:%dT%H}" for moment in pair if moment is not None)) for kind, *pair in moments]


def test_runs_of_one_day_that_differ_have_moved_and_the_others_are_gained_or_lost() -> None:
    before = [dag("d", "01T00:00", "02T00:00", "03T00:00", "03T12:00")]
    after = [dag("d", "01T00:00", "02T06:00", "03T06:00", "04T06:00")]
    assert told(before, after) == [
        ("moved", "02T00 → 02T06"),
        ("moved", "03T00 → 03T06"),
        ("lost", "03T12"),
        ("gained", "04T06"),
    ]


def test_a_day_is_one_of_the_dags_time_zone() -> None:
    before, after = dag("d", "01T23:00", zone="Asia/Tokyo"), dag("d", "02T01:00", zone="Asia/Tokyo")
    assert told([before], [after]) == [("moved", "01T23 → 02T01")]
    assert told([dag("d", "01T23:00")], [dag("d", "02T01:00")]) == [("lost", "01T23"), ("gained", "02T01")]


def test_dags_that_are_new_gone_or_say_something_else() -> None:
    after = FolderSchedule(at("01"), at("31"), (dag("new", "01T00:00"), dag("same"), dag("when", when="a is updated")))
    found = differences([dag("gone", "02T00:00"), dag("same"), dag("when")], after, "main", "c0ffee")
    assert [(one.dag_id, one.before, one.after) for one in found.dags] == [
        ("gone", "s", None),
        ("new", None, "s"),
        ("when", "s", "s, when a is updated"),
    ]
    assert (found.count("gained"), found.count("lost"), found.count("moved")) == (1, 1, 0)
    assert found
    assert not differences([dag("same")], FolderSchedule(at("01"), at("31"), (dag("same"),)), "main", "c0ffee")
