"""What a ledger holds and what is asked of it is data that nobody changes; what is kept of it, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import LedgerError
from harness.ledger.comparison.result import Totals
from harness.ledger.journal import SCHEMA
from harness.ledger.reading import refuse_foreign
from tests.unit.ledger.test_comparison import Ledgers, run, xcom
from tests.unit.scheduler.plain_data import by_identity, changeable, ordered


def test_all_of_it_is_frozen_and_alike_where_it_says_the_same() -> None:
    assert changeable("harness.ledger") == by_identity("harness.ledger") == ordered("harness.ledger") == set()


def test_where_nothing_differs_nothing_is_counted() -> None:
    assert (Totals().added, Totals().removed, Totals().changed, Totals().all) == (0, 0, 0, 0)
    assert Totals(1, 2, 4).all == 7


@pytest.mark.parametrize(("characters", "kept"), [(297, 299), (298, 300), (299, 300), (400, 300)])
def test_of_a_long_value_300_characters_are_shown(tmp_path: Path, characters: int, kept: int) -> None:
    """As JSON: in quotation marks."""
    found = Ledgers(tmp_path).compared([run(1), xcom(1, "a" * characters)], [run(1), xcom(1, "b" * characters)])
    (sample,) = found.changes[0].samples
    assert sample.a is not None
    assert sample.b is not None
    assert (len(sample.a), len(sample.b)) == (kept, kept)


@pytest.mark.parametrize(("by", "said"), [(1, "a newer version"), (-1, "an older version")])
def test_a_journal_of_another_version_is_refused_by_which_it_is(by: int, said: str) -> None:
    name, _, version = SCHEMA.rpartition("/")
    schema = f"{name}/{int(version) + by}"
    with pytest.raises(LedgerError, match=f"is of {said}: its schema is {schema}, here it is {SCHEMA}"):
        refuse_foreign(Path("journal.jsonl"), {"kind": "header", "schema": schema})
