"""What a ledger holds and what is asked of it is data that nobody changes."""

from __future__ import annotations

from tests.unit.scheduler.plain_data import by_identity, changeable, ordered


def test_all_of_it_is_frozen_and_alike_where_it_says_the_same() -> None:
    assert changeable("harness.ledger") == by_identity("harness.ledger") == ordered("harness.ledger") == set()
