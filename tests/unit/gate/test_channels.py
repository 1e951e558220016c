"""Reports of files that share a process: each is its own, whatever another one writes there."""

from __future__ import annotations

import json

from harness.gate.channel import SPOILT, Channels, ChildReports


def faults(reports: ChildReports) -> list[str | None]:
    return [document["report"].get("fault") for document in reports.of_files() if "report" in document]


def test_reports_come_in_the_order_of_files():
    reports = ChildReports()
    reports.phase("checking")
    assert reports.of_files() == [{"file": 0, "phase": "checking"}]
    reports.report({"at": "/tmp/x/y"}, (("/tmp/x", "/home"),))
    assert reports.of_files() == [{"file": 0, "report": {"at": "/home/y"}}]
    reports.phase("checking")
    reports.report({"odd": {1, 2}.__class__})
    assert [one["report"] for one in reports.of_files()] == [{"at": "/home/y"}, {"odd": "<class 'set'>"}]


def test_a_forged_line_costs_its_own_file_alone():
    reports = ChildReports()
    reports.report({})
    reports._channel.write(b'\n{"file": 1, "report": {}}\n')
    assert faults(reports) == [None, SPOILT]
    reports.report({"problems": ["mine"]})
    reports.report({})
    assert faults(reports) == [None, SPOILT, None]


def test_a_line_of_another_child_is_no_line_of_this_one():
    other, reports = ChildReports(), ChildReports()
    other.report({})
    reports._channel.write(other._channel.read())
    assert faults(reports) == [SPOILT]


def test_what_is_too_long_is_left_out_and_said(monkeypatch):
    monkeypatch.setattr("harness.gate.channel.MOST_BYTES", 1000)
    reports = ChildReports()
    reports.report({})
    assert not reports.full
    reports.report({"text": "x" * 2000})
    assert reports.full
    assert faults(reports) == [None]


def test_events_that_are_none_are_left_out():
    channels = Channels()
    event = {"kind": "write", "detail": "x", "path": "y", "line": 1, "refused": True}
    for line in (b"torn {", b"1", b"[]", b'{"kind": "write"}', json.dumps(event).encode()):
        channels.event_lines.write(line + b"\n")
    assert channels.events() == [event]
    channels.close()
