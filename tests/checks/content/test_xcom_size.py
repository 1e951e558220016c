"""What is known of an XCom before a run."""

from __future__ import annotations

import pytest

from harness.checks.content.xcom_size import xcom_size
from tests.checks.content.contexts import context

TROUBLE = [
    ("{1: 'a'}", "has keys that are no text, like 1"),
    ("b'bytes'", "cannot be an XCom"),
    ("{'a': 2j}", "cannot be an XCom"),
    ("'x' * 60_000", "is 59 KiB of JSON, more than 48"),
    ("[0] * 100_000", "is 293 KiB of JSON, more than 48"),
    ("lambda: 1", "is a function, which cannot be an XCom"),
    ("(n for n in given)", "is a generator, which cannot be an XCom"),
]
FINE = ["{'1': 'a'}", "'x' * 40_000", "'x' * given", "[0, 1.5, None, (1, 2)]", "given", "{given: 1}", "", "1_000_000"]


@pytest.mark.parametrize(("value", "why"), TROUBLE)
def test_a_literal_that_does_not_do_well(value, why):
    (problem,) = xcom_size(context(f"def task(given=None):\n    return {value}").dags[0])
    assert problem.message.startswith(f"what task 'task_0' returns {why}")
    assert problem.line == 2


@pytest.mark.parametrize("value", FINE)
def test_a_literal_that_does(value):
    assert list(xcom_size(context(f"def task(given=None):\n    return {value}").dags[0])) == []


def test_what_is_not_pushed_is_no_xcom():
    assert list(xcom_size(context("def task():\n    return b'x'", do_xcom_push=False).dags[0])) == []
    assert list(xcom_size(context("def task():\n    yield b'x'\n    return b'x'").dags[0])) == []
