"""Every defect is found where it is, nothing else is, and the good twins are clean."""

from __future__ import annotations

import pytest

from harness.checks.catalogue import FAMILIES
from tests.checks.cases import ROOT, expected, found, gate


@pytest.mark.parametrize("family", FAMILIES)
def test_every_defect_is_found_and_nothing_else(family):
    folder = ROOT / "bad" / family
    wanted = expected(folder)
    assert found(gate(folder), wanted) == wanted


@pytest.mark.parametrize("family", FAMILIES)
def test_the_good_twins_are_clean(family):
    assert found(gate(ROOT / "twins" / family), set()) == set()
