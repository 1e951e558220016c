"""What a test chooses: one id, several, or none at all, which is an error and not everything."""

import pytest

from harness.errors import UsageError
from harness.pytest_plugin.runs import chosen


@pytest.mark.parametrize(("given", "ids"), [(None, ()), ("load", ("load",)), (["a", "b"], ("a", "b"))])
def test_what_is_chosen(given, ids):
    assert chosen("only", given) == ids


@pytest.mark.parametrize("given", [[], "", (), ["a", ""], iter([])])
def test_a_choice_of_nothing_is_an_error(given):
    with pytest.raises(UsageError, match=r"only=.* names nothing"):
        chosen("only", given)
