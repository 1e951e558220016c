import pytest

from harness.text.spans import real_text, span_text

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0s"),
        (7, "7µs"),
        (1_500, "1.5ms"),
        (250_000, "250ms"),
        (999_999, "999ms"),
        (SECOND, "1s"),
        (1_500_000, "1.5s"),
        (59_999_999, "59s"),
        (60 * SECOND, "1m"),
        (90 * SECOND, "1m30s"),
        (3_600 * SECOND, "1h"),
        (3_900 * SECOND, "1h05m"),
        (86_400 * SECOND, "1d"),
        (90_000 * SECOND, "1d01h"),
        (-90 * SECOND, "-1m30s"),
    ],
)
def test_a_virtual_span_takes_two_units_at_most(microseconds, text):
    assert span_text(microseconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0012, "1.2 ms"), (0.012, "12 ms"), (0.12, "0.12 s"), (1.234, "1.23 s"), (12.34, "12.3 s"), (245, "4 min 05 s")],
)
def test_a_real_span_keeps_three_digits(seconds, text):
    assert real_text(seconds) == text
