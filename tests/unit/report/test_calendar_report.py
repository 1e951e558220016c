"""The last line of a calendar and of a comparison: a tick only where something ran, and all of it to its end."""

import io
from datetime import timedelta

import pytest

from harness.results.calendar import CalendarResult
from harness.results.finding import Finding
from harness.results.verification import Row, Verification

from .report_builders import START, run, task


def last_line(*runs, **fields):
    from rich.console import Console

    from harness.report.calendar_terminal import CalendarReport

    stream = io.StringIO()
    result = CalendarResult(START, START + timedelta(days=1), runs, **fields)
    CalendarReport(Console(file=stream, width=100, highlight=False)).show(result)
    return stream.getvalue().splitlines()[-1]


def ended(state="success"):
    return run(task("load", (state, 0, 10), state=state), state=state)


def unended():
    return run(task("load", ("running", 0, None), state="running"), state="running", end_date=None)


@pytest.mark.parametrize(
    ("runs", "fields", "begins"),
    [
        ([ended()], {}, "✓ 1 success: 1d of virtual time"),
        ([], {}, "· no run: 1d of virtual time"),
        ([], {"findings": [Finding("nothing-ran", "error", "no run")]}, "✗ no run"),
        ([unended()], {}, "· 1 running"),
        ([ended(), unended()], {}, "· 1 running, 1 success"),
        ([ended()], {"was_interrupted": True}, "· 1 success, interrupted"),
        ([unended()], {"was_interrupted": True}, "· 1 running, interrupted"),
        ([ended("failed"), unended()], {"was_interrupted": True}, "✗ 1 failed, 1 running, interrupted"),
    ],
)
def test_a_tick_only_where_all_that_was_asked_for_ended_well(runs, fields, begins):
    assert last_line(*runs, **fields).startswith(begins)


def test_a_comparison_of_no_task_is_not_alike():
    from rich.console import Console

    from harness.report.verification_terminal import show

    stream = io.StringIO()
    found = Verification("sales", START, "3.3.2", (Row("run", "sales", "success", "success", True),), ())
    show(found, Console(file=stream, width=100, highlight=False), verbose=False)
    assert stream.getvalue().splitlines()[-1].startswith("✗ sales has no task to compare: 1 compared")
