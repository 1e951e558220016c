"""Whatever it is, it is a short text: values of user code, and spans of time."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from harness.text import clean, compact, counted, one_line, plain, real_text, span_text


class Opaque:
    """An object whose ``repr`` holds its address."""


class Broken:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, 2.5, None, True)}, {"a": [1, 2.5, None, True]}),
        ({1: "x", (2, 3): "y"}, {"1": "x", "(2, 3)": "y"}),
        ({"b", "a"}, ["a", "b"]),
        (frozenset({3, 20}), [20, 3]),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (date(2025, 1, 2), "2025-01-02"),
        (datetime(2025, 1, 2, tzinfo=timezone.utc), "2025-01-02T00:00:00+00:00"),
        (timedelta(minutes=5), "0:05:00"),
        (Path("a/b"), "a/b"),
        (b"\x00", "b'\\x00'"),
        (Broken(), "<Broken, whose repr raised RuntimeError>"),
    ],
)
def test_every_value_becomes_json(value, expected):
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


def test_memory_addresses_are_left_out():
    assert plain(Opaque()) == plain(Opaque())
    assert "0x" not in plain(Opaque())


def test_a_value_that_holds_itself_ends():
    loop = []
    loop.append(loop)
    assert "…" in json.dumps(plain(loop), ensure_ascii=False)


def test_a_long_value_is_cut_with_a_note_of_its_length():
    shown = compact({"rows": "x" * 5000}, 80)
    assert len(shown) == 80
    assert shown.startswith('{"rows": "xxx')
    assert shown.endswith("… (5,012 characters)")
    assert compact({"rows": "xx"}, 80) == '{"rows": "xx"}'


def test_terminal_escapes_and_controls_do_not_get_through():
    assert clean("\x1b[31mred\x1b[0m\x07 \x1b]0;title\x07bell\r\nnext\tcell") == "red bell\nnext\tcell"


def test_one_line_says_that_there_was_more():
    assert one_line("first\nsecond", 80) == "first …"
    assert one_line("a" * 50, 10) == "a" * 9 + "…"
    assert one_line("", 10) == ""


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


@pytest.mark.parametrize(("number", "text"), [(0, "0 rows"), (1, "1 row"), (999, "999 rows"), (12_345, "12,345 rows")])
def test_what_is_counted_has_its_plural_and_thousands(number, text):
    assert counted(number, "row") == text
