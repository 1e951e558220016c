"""The rows of hours of a folder's schedules on a terminal."""

import pytest

from harness.report.schedule_terminal import _HourRows
from harness.report.style import UNICODE


@pytest.mark.parametrize(
    ("width", "begins"),
    [
        (14, "Dag, all days 00    03"),
        (18, "Dag, all days     00    03"),
        (22, "Dag, all days         00    03"),
        (23, "Dag, all days together 00    03"),
    ],
)
def test_a_heading_is_never_cut_and_never_runs_into_the_hours(width, begins):
    rows = _HourRows(width, 2, 120, UNICODE)
    assert rows.head("Dag, all days together", "Dag, all days").plain.startswith(begins)
