"""The comparison of two ledgers as people read it: on a terminal, and in a comment of a pull request."""

from __future__ import annotations

from html import unescape

import pytest

from harness.ledger.comparison.result import Comparison, FirstEvent, JournalEvent, LedgerChange, Sample, Side, Totals
from harness.report import diff_markdown
from harness.report.diff_markdown import markdown
from harness.report.diff_text import SHOWN, lines
from harness.report.style import ASCII

DAY = "2025-01-01T00:00:00Z"


def change(area: str, what: str, subject: str, field: str | None = None, count: int = 1, **sample: str) -> LedgerChange:
    """A change with one sample."""
    told = Sample(DAY, -1, sample.get("a"), sample.get("b"), sample.get("why"))
    sort = "added" if told.a is None else "removed" if told.b is None else "changed"
    return LedgerChange(area, what, sort, subject, field, count, (told,))


def comparison(*changes: LedgerChange, first: FirstEvent | None = None) -> Comparison:
    """Two ledgers with these changes, all of them counted as changed."""
    totals: dict[str, Totals] = {}
    for one in changes:
        totals[one.area] = Totals(changed=totals.get(one.area, Totals()).changed + one.count)
    return Comparison(Side("main", "a", 9, 3), Side("HEAD", "b", 9, 3), changes, totals, first)


def shown(found: Comparison) -> list[str]:
    """The lines of a terminal."""
    return ["".join(part for part, _ in line).strip() for line in lines(found, ASCII)]


def test_each_sort_of_change_in_a_line() -> None:
    found = comparison(
        change("states", "task instance", "sales.load", "state", 31, a="success", b="failed", why="ValueError: no"),
        change("states", "run", "sales", a="success"),
        change("data", "row", "w.daily", b='{"id": 1}'),
        change("data", "row", "w.daily", "amount", a="1", b="2"),
        change("xcoms", "xcom", "sales.load", "return_value", a="1", b="2"),
        change("tries", "task instance", "sales.load", "tries", a="1", b="2"),
        change("findings", "finding", "sales.load", "xcom-size", b="it is big"),
    )
    text = shown(found)
    for line in (
        f"x task instance sales.load state: success -> failed  31 times, first {DAY}",
        "ValueError: no",
        f"- run sales removed  {DAY}",
        f'+ row w.daily added: {{"id": 1}}  {DAY}',
        f"~ row w.daily.amount: 1 -> 2  {DAY}",
        f"~ xcom sales.load.return_value: 1 -> 2  {DAY}",
        f"~ task instance sales.load tries: 1 -> 2  {DAY}",
        f"+ xcom-size sales.load: it is big  {DAY}",
    ):
        assert line in text


def test_what_is_not_shown_is_counted() -> None:
    found = comparison(*(change("xcoms", "xcom", f"d.t{n}", "x", a="1", b="2") for n in range(SHOWN + 3)))
    assert "and 3 more differences (--format json has more)" in shown(found)


def test_where_journals_part() -> None:
    event = JournalEvent(7, DAY, "ti-state", "d r t success")
    other = JournalEvent(7, DAY, "ti-state", "d r t failed")
    one = change("states", "run", "d", "state", a="success", b="failed")
    assert f"first record that differs: 7 of both, ti-state d r t success at {DAY} (reason, due)" in shown(
        comparison(one, first=FirstEvent(event, event, ("reason", "due")))
    )
    assert any(
        line.startswith("first records that differ: A 7, ti-state d r t success")
        for line in shown(comparison(one, first=FirstEvent(event, other)))
    )
    assert any(
        line.startswith("first record that only B has: 7")
        for line in shown(comparison(one, first=FirstEvent(None, event)))
    )


def test_a_comment_holds_no_markup_of_users() -> None:
    found = comparison(change("xcoms", "xcom", "d.t", "x", a="@me | <b>", b="`#1` [x](http://y)"))
    text = markdown(found)
    (row,) = [line for line in text.splitlines() if "d.t" in line]
    assert row.count("|") == 4
    assert not set("@#`[]<").intersection(row.replace("<code>", "").replace("</code>", "").replace("&#", ""))
    assert "@me | <b> -> `#1` [x](http://y)" in unescape(row)
    assert text.startswith("### ⚠️ Dags: different")


def test_a_comment_that_is_alike_and_one_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    assert markdown(comparison()).startswith("### ✅ Dags: alike")
    many = [change("states", "run", f"d{n}", "state", a="success", b="failed", why="no | " * 20) for n in range(15)]
    whole = markdown(comparison(*many))
    assert whole.count("<details") == whole.count("</details>") == 1
    monkeypatch.setattr(diff_markdown, "MOST", 2000)
    cut = markdown(comparison(*many))
    assert len(cut) <= 2000 < len(whole)
    assert cut.count("<details") == cut.count("</details>") == 1
    assert cut.endswith("does not fit into a comment.*\n")
